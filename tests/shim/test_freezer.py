"""Holding a container still, asked of the real supervisor of a real container."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.shim.caller import Call, NoShim
from tests.support.fleet import container_of, create, reach, workspace
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

COUNTING = "i=0; while :; do i=$((i+1)); echo $i > count; sleep 0.001; done"


def call(product: Product, client: Client, task_id: str) -> Call:
    """A connection to the supervisor of a task's container."""
    return Call(str(product.paths.shim_socket(container_of(client, task_id).id)))


def counted(place: Path) -> str:
    """What the task counted so far."""
    return (place / "count").read_text() if (place / "count").exists() else ""


def count_goes_on(place: Path) -> None:
    """Wait until the count has moved."""
    before = counted(place)
    wait_until(lambda: counted(place) not in (before, ""), 20)


def stands_still(place: Path) -> bool:
    """Say whether nothing is written while a supervisor answers twenty times more often than the task writes."""
    seen = {(place / "count").stat().st_mtime_ns for _ in range(20_000)}
    return len(seen) == 1


@pytest.mark.parametrize("unsandboxed", [False, True], ids=["isolated", "unsandboxed"])
def test_a_frozen_container_writes_nothing_and_goes_on_when_it_is_let_go(
    product: Product, client: Client, tmp_path: Path, unsandboxed: bool
) -> None:
    place = workspace(tmp_path)
    task = create(client, COUNTING, place, unsandboxed=unsandboxed)
    reach(client, task.id, TaskState.RUNNING)
    count_goes_on(place)
    shim = call(product, client, task.id)
    assert shim.ask({"op": "freeze", "most_s": 30})["processes"] >= 1
    assert stands_still(place)
    shim.ask({"op": "thaw"})
    count_goes_on(place)
    shim.ask({"op": "freeze", "most_s": 30})
    assert stands_still(place)
    # Who held it still and is gone cannot forget it.
    shim.close()
    count_goes_on(place)


def test_nobody_holds_a_container_for_longer_than_was_said(
    product: Product, client: Client, tmp_path: Path
) -> None:
    place = workspace(tmp_path)
    task = create(client, COUNTING, place)
    reach(client, task.id, TaskState.RUNNING)
    count_goes_on(place)
    shim = call(product, client, task.id)
    shim.ask({"op": "freeze", "most_s": 0.05})
    count_goes_on(place)
    shim.close()


def test_a_second_one_is_told_that_the_container_is_held(
    product: Product, client: Client, tmp_path: Path
) -> None:
    place = workspace(tmp_path)
    task = create(client, COUNTING, place)
    reach(client, task.id, TaskState.RUNNING)
    count_goes_on(place)
    first, second = call(product, client, task.id), call(product, client, task.id)
    first.ask({"op": "freeze", "most_s": 30})
    with pytest.raises(NoShim, match="somebody else"):
        second.ask({"op": "freeze", "most_s": 30})
    second.ask({"op": "thaw"})
    assert stands_still(place)
    first.close()
    second.close()
    count_goes_on(place)


def test_a_shell_never_sees_that_its_child_stood_still_and_a_stopped_one_stays_stopped(
    product: Product, client: Client, tmp_path: Path
) -> None:
    place = workspace(tmp_path)
    script = """set -m
sleep 1000 & kill -STOP %1
( while :; do date +%N > count; sleep 0.002; done ) &
until [ -e asked ]; do sleep 0.01; done
jobs > listed; mv listed jobs
until [ -e done ]; do sleep 0.01; done
"""
    task = create(client, f"bash -c '{script}'", place)
    reach(client, task.id, TaskState.RUNNING)
    count_goes_on(place)
    shim = call(product, client, task.id)
    for _ in range(5):
        shim.ask({"op": "freeze", "most_s": 30})
        shim.ask({"op": "thaw"})
        count_goes_on(place)
    (place / "asked").touch()
    wait_until((place / "jobs").exists, 20)
    lines = (place / "jobs").read_text().splitlines()
    states = [line.split()[1] for line in lines if line.startswith("[")]
    assert states == ["Stopped", "Running"]
    shim.close()
    (place / "done").touch()
