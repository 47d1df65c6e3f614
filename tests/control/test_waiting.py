"""Waiting for the controller: who waits wakes it again, and looks once more when the time is over."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.checkpoints import Checkpoints
from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.states import CheckpointState, TaskState
from tests.support.fleet import RELEASE, create, kill_controller, reach
from tests.support.product import Product


def test_there_is_a_look_after_the_deadline() -> None:
    turns = looks(0.05)
    next(turns)
    time.sleep(0.1)
    assert sum(1 for _ in turns) == 1, "what came while this machine stood still is seen"


@pytest.mark.long
@pytest.mark.real
def test_who_waits_for_a_checkpoint_wakes_again(product: Product, client: Client, place: Path) -> None:
    """The controller that was woken may have been killed in that moment."""
    task = create(client, RELEASE, place)
    reach(client, task.id, TaskState.RUNNING)
    kill_controller(product)
    woken: list[float] = []

    def wake() -> None:
        woken.append(time.monotonic())
        if len(woken) > 1:
            client.wake()

    door = Checkpoints(client.paths, client.owner, lambda: client._db, time.time, wake, client._intent)
    taken = door.wait(door.create(task).id, lambda said: None)
    assert taken is not None
    assert taken.state is CheckpointState.READY
    assert len(woken) >= 2
