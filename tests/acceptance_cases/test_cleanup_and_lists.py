"""What lists show and hide, and what cleaning up removes and spares."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance_cases.shells import Shell
from tests.support.fleet import RELEASE, workspace
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


def ended(product: Product, place: Path, count: int = 1) -> list[str]:
    """Run containers to their ends; give their ids, the oldest first."""
    known = {each["id"] for each in product.json("container", "list", "--all")}
    for _ in range(count):
        assert product.run("run", "-w", str(place), "echo said").returncode == 0
    return [each["id"] for each in product.json("container", "list", "--all") if each["id"] not in known][
        ::-1
    ]


def directories(product: Product) -> set[str]:
    """The containers of which something is left on the disk."""
    return {entry.name for entry in product.paths.containers.iterdir()}


def running(product: Product, place: Path, count: int) -> set[str]:
    """Start containers that run until the workspace holds a file `go`; give their ids."""
    for _ in range(count):
        product.json("task", "create", "-w", str(place), f"touch begun-$PARHELIA_SLOT; {RELEASE}")
    wait_until(lambda: len(list(place.glob("begun-*"))) == count, 60)
    return {each["id"] for each in product.json("container", "list")}


@pytest.mark.long
def test_three_that_run_are_listed_with_workspace_slot_and_state(
    product: Product, place: Path, tmp_path: Path
) -> None:
    other = workspace(tmp_path, "elsewhere")
    ids = running(product, place, 3) | running(product, other, 1)
    shown = product.run("container", "list").stdout.splitlines()
    assert len(shown) == 1 + 4
    for number in (1, 2, 3):
        (line,) = [line for line in shown if f"local/{number} " in line and line.endswith(str(place))]
        assert "running" in line
    found = product.json("container", "list")
    assert {each["id"] for each in found} == ids
    assert {"id", "task_id", "workspace", "slot", "state", "health", "created_at"} <= set(found[0])
    for noun in ("container", "task"):
        here = product.json(noun, "list", "--workspace", str(place))
        assert [each["workspace"] for each in here] == [str(place)] * 3
        assert len(product.json(noun, "list", "-w", "elsewhere")) == 1
        assert product.json(noun, "list", "-w", str(tmp_path / "nowhere")) == []


@pytest.mark.long
def test_sessions_of_ended_containers_are_listed_newest_first_with_their_times(
    product: Product, place: Path
) -> None:
    ids = ended(product, place, 3)
    assert product.json("session", "list") == []
    found = product.json("session", "list", "--all")
    assert [each["container_id"] for each in found] == ids[::-1]
    assert all(each["created_at"] <= each["finished_at"] for each in found)
    assert [each["finished_at"] for each in found] == sorted(
        (each["finished_at"] for each in found), reverse=True
    )
    lines = product.run("session", "list", "--all").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [each["name"] for each in found]
    assert lines[0].split()[-2:] == ["AGE", "LAST"]
    assert all(re.fullmatch(r"\d+[sm]", line.split()[-1]) for line in lines[1:])
    assert len({each["name"] for each in found}) == len({each["id"] for each in found}) == 3


def test_cleanup_asks_on_a_terminal_and_does_nothing_after_a_no(product: Product, place: Path) -> None:
    ids = ended(product, place)
    for answer, code, left in ((b"n\r", 130, set(ids)), (b"y\r", 0, set())):
        with OuterTerminal([PARHELIA, "cleanup"]) as terminal:
            terminal.wait_for(rb"all ended containers\? \[y/N\]: ", 30)
            assert directories(product) == set(ids)
            terminal.write(answer)
            assert terminal.wait_end(30) == code
        assert directories(product) == left


@pytest.mark.long
def test_cleanup_removes_what_ended_and_leaves_alone_what_runs(product: Product, place: Path) -> None:
    gone = ended(product, place, 2)
    live = running(product, place, 3)
    would = product.json("cleanup", "--dry-run")
    assert sorted(would["removed"]) == sorted(gone)
    assert directories(product) == set(gone) | live
    said = product.run("cleanup", "--yes")
    assert said.returncode == 0
    assert "2 removed" in said.stdout
    assert directories(product) == live
    assert {each["state"] for each in product.json("container", "list")} == {"running"}
    assert sorted(path.name for path in place.iterdir()) == ["begun-1", "begun-2", "begun-3"]
    (place / "go").touch()
    wait_until(lambda: product.json("container", "list") == [], 60)
    assert all(each["exit_code"] == 0 for each in product.json("task", "list"))


@pytest.mark.long
def test_cleaning_up_nothing_says_so(product: Product, place: Path) -> None:
    for _ in range(2):
        done = product.run("cleanup", "--yes")
        assert (done.returncode, done.stdout) == (0, "0 removed\n")
    ended(product, place, 2)
    assert product.run("cleanup", "--yes").stdout == "2 removed\n"
    assert product.run("cleanup", "--yes").stdout == "0 removed\n"
    assert product.run("container", "list").stdout == "nothing there\n"


def make_older(product: Product, ids: Sequence[str], days: float) -> None:
    """Move the end of containers into the past."""
    db = sqlite3.connect(product.paths.database)
    with db:
        for each in ids:
            db.execute(
                "UPDATE containers SET finished_at = ? WHERE id = ?", (time.time() - days * 86400, each)
            )
    db.close()


@pytest.mark.long
def test_cleanup_of_what_is_older_spares_what_is_young_and_what_runs(product: Product, place: Path) -> None:
    ids = ended(product, place, 3)
    make_older(product, ids[:2], 31)
    make_older(product, ids[2:], 29)
    live = running(product, place, 1)
    used = sum(path.lstat().st_size for each in ids[:2] for path in product.paths.container(each).rglob("*"))
    assert used > 0
    assert sorted(product.json("cleanup", "--older-than", "30d")["removed"]) == sorted(ids[:2])
    assert directories(product) == {ids[2], *live}
    assert [each["id"] for each in product.json("container", "list")] == [*live]
    assert product.error("cleanup", "--older-than", "soon")[1]["code"] == "E101"


@pytest.mark.long
def test_two_cleanups_at_once_remove_each_container_once(product: Product, place: Path) -> None:
    ids = ended(product, place, 5)
    both = [product.start("cleanup", "--yes", "--json") for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    assert directories(product) == set()
    for each in ids:
        told = product.json("events", "list", "--container", each, "--type", "container.removed")
        assert len(told) == 1


def test_what_is_known_of_a_container_and_its_session_stays_after_its_end(
    shell: Shell, product: Product, place: Path
) -> None:
    terminal = shell("-w", str(place), "--slot", "4")
    terminal.write(b"exit 3\r")
    terminal.wait_end(30)
    (container,) = product.json("container", "list", "--all")
    assert container["workspace"] == str(place)
    assert (container["slot"], container["persistent"], container["unsandboxed"]) == (4, False, False)
    assert (container["state"], container["exit_code"]) == ("stopped", 3)
    assert container["created_at"] <= container["finished_at"] <= time.time()
    (session,) = product.json("session", "list", "--all")
    assert (session["container_id"], session["state"]) == (container["id"], "terminated")
    page = product.run("task", "show", container["task_id"])
    assert page.returncode == 0
    assert str(place) in page.stdout


def test_each_container_of_a_workspace_has_a_home_and_a_session_of_its_own(
    product: Product, place: Path
) -> None:
    command = (
        f"mkdir -p ~/.claude; echo $PARHELIA_SLOT > ~/.claude/config.json; touch begun-$PARHELIA_SLOT; {RELEASE};"
        " cat ~/.claude/*"
    )
    started = [product.start("run", "-w", str(place), command) for _ in range(3)]
    wait_until(lambda: len(list(place.glob("begun-*"))) == 3, 60)
    sessions = product.json("session", "list")
    assert len({each["id"] for each in sessions}) == len({each["name"] for each in sessions}) == 3
    (place / "go").touch()
    assert sorted(each.communicate(timeout=60)[0] for each in started) == ["1\n", "2\n", "3\n"]
