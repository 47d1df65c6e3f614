"""Images: systems that a script makes once, and containers begin with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import TaskState
from tests.acceptance_cases.shells import Shell
from tests.support.fleet import RELEASE, configure, create, end_of, reach
from tests.support.product import Product

pytestmark = pytest.mark.real


def program(name: str, says: str) -> str:
    """A script that installs a small program."""
    return f"printf '#!/bin/sh\\necho {says}\\n' > /usr/bin/{name}; chmod +x /usr/bin/{name}\n"


def build(product: Product, name: str, script: str, *words: str) -> dict[str, object]:
    """Build an image, and give what is said of it."""
    made: dict[str, object] = product.json("image", "build", name, "--script", "-", *words, input=script)
    return made


def test_an_image_that_there_is_not_is_told_of_with_what_builds_it(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    done = product.run("run", "--image", "tools", "true", cwd=place)
    assert done.returncode == 1
    assert "E208: there is no image 'tools'; none has been built" in done.stderr
    assert "try: parhelia image build tools --script FILE" in done.stderr
    configure(tmp_path, "[defaults]\nimage = 'configured'\n")
    assert product.error("run", "true", cwd=place)[1]["message"].startswith("there is no image 'configured'")
    # The same for what an image is to be made of.
    code, error = product.error("image", "build", "more", "--script", "-", "--base", "tools", input="true")
    assert (code, error["code"], error["details"]["known"]) == (1, "E208", [])
    assert product.error("image", "build", "tools")[1]["code"] == "E102"
    assert client.tasks() == []
    for fields, wanted in ((("unsandboxed", True), "E101"), (("backend", "modal"), "E603")):
        with pytest.raises(ParheliaError, match=wanted):
            create(client, "true", place, image="tools", **dict([fields]))


@pytest.mark.long
def test_an_image_is_built_once_lies_below_others_and_a_new_one_leaves_who_runs_alone(
    product: Product, client: Client, place: Path, tmp_path: Path, shell: Shell
) -> None:
    script = program("gh", "gh version 2") + "echo settings > /etc/tool.conf; rm /usr/bin/env; ln -s /etc ~/x"
    made = build(product, "tools", script)
    assert made["built"] is True
    words = ("-w", str(place), "--image", "tools")
    seen = "gh; cat /etc/tool.conf; test -e /usr/bin/env || echo gone; id -un; echo mine > /opt/mine"
    expected = "gh version 2\nsettings\ngone\nroot\n"
    for _ in range(2):
        # Each begins anew; what one changes, the next does not see.
        done = product.run("run", *words, f"test ! -e /opt/mine && {seen}")
        assert (done.returncode, done.stdout) == (0, expected), done.stderr
    assert product.run("run", "-w", str(place), "command -v gh").returncode != 0

    # Nothing has changed, so nothing is done; a name by the configuration is the same.
    assert build(product, "tools", script)["built"] is False
    assert len(product.json("container", "list", "--all")) == 4
    configure(tmp_path, "[defaults]\nimage = 'tools'\n")
    assert product.run("run", "-w", str(place), "gh").stdout == "gh version 2\n"
    configure(tmp_path, "")

    build(product, "more", program("more-tools", "of more"), "--base", "tools")
    done = product.run("run", "-w", str(place), "--image", "more", "more-tools; gh; cat /etc/tool.conf")
    assert done.stdout == "of more\ngh version 2\nsettings\n"
    assert product.error("image", "delete", "tools", "--yes")[1]["code"] == "E103"

    running = create(client, f"{RELEASE}; gh", place, image="tools")
    reach(client, running.id, TaskState.RUNNING)
    assert build(product, "tools", program("gh", "gh version 3"))["layer"] != made["layer"]
    assert product.run("run", *words, "gh").stdout == "gh version 3\n"
    shown = product.json("image", "show", "tools")
    assert len(shown["used_by"]) == 1
    (place / "go").touch()
    assert end_of(client, running.id).last_line == "gh version 2"
    assert product.run("run", "-w", str(place), "--image", "more", "gh").stdout == "gh version 2\n"

    # A persistent one goes on with its own, and each image has its own for a place.
    kept = ("-w", str(place), "--persistent", "--image", "more")
    assert product.run("run", *kept, "echo kept > /opt/kept").returncode == 0
    terminal = shell(*kept)
    terminal.write(b'echo "<$(cat /opt/kept) $(more-tools)>"; exit\r')
    terminal.wait_for(rb"<kept of more>")
    # What still runs is neither cleaned up nor lets its image go.
    assert terminal.wait_end(60) == 0
    assert product.run("run", *words, "--persistent", "cat /opt/kept").returncode != 0

    # A dozen systems, each with thousands of files: a second for each, and more on a busy machine.
    product.json("cleanup", "--persistent", timeout=240)
    for name in ("more", "tools"):
        product.json("image", "delete", name, "--yes")
    assert product.json("image", "list") == []
    assert list((product.home / "images").iterdir()) == []


@pytest.mark.long
def test_a_script_that_fails_leaves_the_image_and_says_where_it_was_the_network(
    product: Product, place: Path
) -> None:
    build(product, "tools", program("gh", "gh version 1"))
    fetches = "python3 -c \"import urllib.request as u; u.urlopen('http://packages.example.org')\""
    code, error = product.error(
        "image", "build", "tools", "--script", "-", input=f"rm /usr/bin/gh; {fetches}"
    )
    assert (code, error["code"]) == (1, "E606")
    assert "exit code 1; what it printed tells of trouble with the network (it had none" in error["message"]
    assert "the image is as it was" in error["message"]
    assert product.run("run", "-w", str(place), "--image", "tools", "gh").stdout == "gh version 1\n"
    code, error = product.error("image", "build", "tools", "--script", "-", input="exit 3")
    assert "network" not in error["message"]


@pytest.mark.long
def test_ten_builds_one_after_the_other_leave_the_last_and_what_is_needed(
    product: Product, place: Path
) -> None:
    for number in range(10):
        build(product, "tools", program("number", str(number)))
    assert product.run("run", "-w", str(place), "--image", "tools", "number").stdout == "9\n"
    about = json.loads((product.home / "images" / "tools" / "image.json").read_text())
    [shown] = product.json("image", "list")
    assert shown == about
    product.json("cleanup")
    build(product, "tools", "true", "--force")
    # The one before stays until the next, for who has just begun with it.
    assert len(list((product.home / "images" / "tools").iterdir())) == 3
