"""A task with several targets, through the installed command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import RELEASE, kill_controller, workspace
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

FAILS_ONCE = (
    "echo did {target}; echo new > made; [ {target} != b.txt ] || [ -e tried ] || { touch tried; exit 3; }"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with two files."""
    made = workspace(tmp_path)
    (made / "a.txt").write_text("a\n")
    (made / "b.txt").write_text("b\n")
    return made


def parts_of(product: Product, group: str) -> dict[str, Any]:
    """The tasks of a group by their targets."""
    return {each["target"]: each for each in product.json("task", "list") if each["parent_id"] == group}


@pytest.mark.long
def test_one_of_three_fails_is_told_as_that_and_alone_tried_again(product: Product, place: Path) -> None:
    words = ("--target", "a.txt", "--target", "b.txt", "--targets-from", "-")
    group = product.json("task", "create", "-w", str(place), *words, FAILS_ONCE, input="c d.txt\n\n")
    assert (group["parts"], group["state"], group["workspace_mode"]) == (3, "pending", "clone")
    watched = product.run("task", "watch", group["id"], "--from-start")
    assert watched.returncode == 1
    assert "2 of 3 completed; failed: b.txt (exit code 3)" in watched.stdout
    parts = parts_of(product, group["id"])
    assert all(each["id"] in watched.stdout for each in parts.values())
    assert [parts[name]["state"] for name in ("a.txt", "b.txt", "c d.txt")] == [
        "completed",
        "failed",
        "completed",
    ]

    done = product.run("task", "results", group["id"], "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)["data"]
    assert (found["state"], found["done"], found["total"]) == ("failed", 3, 3)
    assert found["by_state"] == {"completed": 2, "failed": 1}
    (failure,) = found["failures"]
    assert (failure["target"], failure["reason"]) == ("b.txt", "exit code 3")
    by_target = {each["target"]: each for each in found["results"]}
    assert list(by_target) == ["a.txt", "b.txt", "c d.txt"]
    assert by_target["c d.txt"]["output"] == ["did c d.txt"]
    assert by_target["a.txt"]["files"] == {"added": ["made"], "changed": [], "removed": [], "more": 0}
    assert by_target["b.txt"]["files"]["added"] == ["made", "tried"]
    assert Path(by_target["a.txt"]["place"], "made").read_text() == "new\n"
    # The directory itself is as it was.
    assert sorted(each.name for each in place.iterdir()) == ["a.txt", "b.txt"]
    shown = product.json("task", "show", group["id"])
    assert (shown["state"], shown["parts_done"], shown["group"]["failures"]) == ("failed", 3, [failure])
    table = product.run("task", "list").stdout.splitlines()
    assert [line.split()[0] for line in table[1:5]] == [
        group["id"],
        *(by_target[name]["task_id"] for name in by_target),
    ]
    assert "3 of 3 done" in table[1]

    product.json("task", "retry", group["id"])
    assert product.run("task", "watch", group["id"]).returncode == 0
    parts = parts_of(product, group["id"])
    assert {name: (each["state"], each["attempt"]) for name, each in parts.items()} == {
        "a.txt": ("completed", 1), "b.txt": ("completed", 2), "c d.txt": ("completed", 1),
    }  # fmt: skip
    assert product.run("task", "results", group["id"]).returncode == 0
    assert product.json("task", "show", group["id"])["reason"] == "3 of 3 completed"
    assert product.error("task", "retry", group["id"])[1]["code"] == "E103"
    assert product.error("task", "cancel", group["id"])[1]["code"] == "E103"


@pytest.mark.long
def test_a_group_is_cancelled_with_all_its_parts(product: Product, place: Path) -> None:
    group = product.json(
        "task", "create", "-w", str(place), "--target", "a", "--target", "b", f"{RELEASE} # {{target}}"
    )
    wait_until(
        lambda: all(each["state"] == "running" for each in parts_of(product, group["id"]).values()), 30
    )
    wait_until(lambda: product.json("task", "show", group["id"])["state"] == "running", 10)
    for words in (
        ("task", "logs"),
        ("task", "reply"),
        ("checkpoint", "create"),
        ("session", "capture"),
        ("attach",),
    ):
        code, error = product.error(*words, group["id"], *(["hello"] if words[-1] == "reply" else []))
        assert (code, error["code"]) == (6, "E103"), words
        assert "is a group of 2 tasks" in error["message"]
    # One of them alone ends, and the group goes on.
    Path(product.paths.workspaces, parts_of(product, group["id"])["a"]["id"], "go").touch()
    wait_until(lambda: product.json("task", "show", group["id"])["parts_done"] == 1, 30)
    product.json("task", "cancel", group["id"], "--reason", "enough")
    assert product.run("task", "watch", group["id"]).returncode == 1
    shown = product.json("task", "show", group["id"])
    assert (shown["state"], shown["reason"]) == ("cancelled", "1 of 2 completed; cancelled: b (enough)")
    assert product.json("container", "list") == []


@pytest.mark.long
def test_a_prompt_is_split_only_where_that_is_asked_for_and_can_be_looked_at_first(
    product: Product, place: Path
) -> None:
    prompt = "echo tests in tests/unit/, tests/integration/, tests/e2e/"
    words = ("task", "create", "-w", str(place), prompt)
    looked = product.json(*words, "--split", "--dry-run")
    assert looked["targets"] == ["tests/unit/", "tests/integration/", "tests/e2e/"]
    assert looked["prompt"] == "echo tests in {target}"
    assert product.json("task", "list") == []
    assert product.json(*words)["parts"] == 0
    group = product.json(*words, "--split")
    assert product.run("task", "watch", group["id"]).returncode == 0
    results = product.json("task", "results", group["id"])["results"]
    assert [each["output"] for each in results] == [
        [f"tests in tests/{name}/"] for name in ("unit", "integration", "e2e")
    ]
    assert product.error("task", "create", "echo no list", "--split")[1]["code"] == "E100"
    assert product.error("task", "create", "-", "--targets-from", "-")[1]["code"] == "E101"


def test_a_batch_holds_groups_and_counts_their_parts(product: Product, place: Path, tmp_path: Path) -> None:
    tasks: list[dict[str, Any]] = [
        {"prompt": "[ {target} = a ]", "targets": ["a", "b"], "workspace": str(place)},
        {"prompt": "cat x/one.txt, x/two.txt >/dev/null; true", "split": True, "workspace": str(place)},
        {"prompt": "true", "workspace": str(place)},
    ]
    file = tmp_path / "tasks.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in tasks))
    done = product.run("--batch", str(file), "--json")
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["completed"], summary["total"], summary["success"]) == (4, 5, False)
    groups = [each for each in summary["tasks"] if each["parts"]]
    assert [(each["state"], each["parts_done"]) for each in groups] == [("failed", 2), ("completed", 2)]
    file.write_text(json.dumps({**tasks[0], "targets": ["a", "a"]}))
    refused = product.run("--batch", str(file))
    assert (refused.returncode, "stands twice" in refused.stderr) == (2, True)


@pytest.mark.long
def test_a_group_ends_as_its_parts_do_whenever_the_controller_is_killed(
    product: Product, place: Path
) -> None:
    group = product.json(
        "task", "create", "-w", str(place), "--target", "a", "--target", "b", f"{RELEASE}; [ {{target}} = a ]"
    )
    kill_controller(product)
    parts = parts_of(product, group["id"])
    assert len(parts) == 2
    places = [Path(product.paths.workspaces, parts[name]["id"]) for name in ("a", "b")]
    wait_until(lambda: product.run("controller", "start").returncode == 0, 60)
    wait_until(lambda: all(each.is_dir() for each in places), 30)
    (places[0] / "go").touch()
    wait_until(lambda: product.json("task", "show", group["id"])["parts_done"] == 1, 30)
    kill_controller(product)
    (places[1] / "go").touch()
    assert product.run("task", "watch", group["id"]).returncode == 1
    shown = product.json("task", "show", group["id"])
    assert (shown["state"], shown["parts_done"], shown["reason"]) == (
        "failed", 2, "1 of 2 completed; failed: b (exit code 1)",
    )  # fmt: skip
    assert {each["attempt"] for each in parts_of(product, group["id"]).values()} == {1}
    # It is told once.
    told = [
        each["type"]
        for each in product.json("events", "list", "--task", group["id"])
        if each["task_id"] == group["id"]
    ]
    assert told.count("task.failed") == 1
