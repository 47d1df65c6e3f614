"""`parhelia --spec`: what programs read of every command and view."""

from __future__ import annotations

import json

from tests.support.product import Product


def test_it_describes_every_command_that_the_pages_of_help_know(product: Product) -> None:
    said = product.run("--spec")
    assert said.returncode == 0
    spec = json.loads(said.stdout)
    known = {each["command"]: each for each in spec["commands"]}
    created = known["parhelia task create"]
    assert created["arguments"] == [{"name": "PROMPT", "required": False, "several": True}]
    (network,) = [each for each in created["options"] if "--network" in each["names"]]
    # What it offers is what the command takes.
    assert {"none", "open"} <= set(network["choices"])
    refused = product.run("task", "create", "true", "--network", "of-none")
    assert refused.returncode == 2
    assert all(f"'{each}'" in refused.stderr for each in network["choices"])
    assert all(each["about"] and each["examples"] for each in known.values())
    assert spec["aliases"]["t"] == "task"


def test_it_describes_every_screen_with_its_keys(product: Product) -> None:
    views = {each["view"]: each for each in json.loads(product.run("--spec").stdout)["views"]}
    assert {"Home", "Wall", "Checkpoints", "NewTask", "Help"} <= set(views)
    assert "Lines" not in views
    keys = {key: each["action"] for each in views["Home"]["keys"] for key in each["keys"]}
    assert (keys["n"], keys["w"], keys["q"]) == ("new", "wall", "app.quit")
    assert all(each["about"].endswith(".") and each["keys"] for each in views.values())


def test_it_names_states_errors_and_exit_codes(product: Product) -> None:
    spec = json.loads(product.run("--spec").stdout)
    assert "needs_review" in spec["states"]["TaskState"]
    (missing,) = [each for each in spec["errors"] if each["code"] == "E201"]
    assert missing["exit_code"] == 1
    assert missing["recovery"]
    assert spec["exit_codes"]["130"]


def test_it_is_refused_behind_a_command(product: Product) -> None:
    refused = product.run("--spec", "task", "list")
    assert refused.returncode == 2
    assert "--spec is for use without a command" in refused.stderr
