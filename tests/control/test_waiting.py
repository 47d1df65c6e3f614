"""Waiting for the controller: who waits wakes it again, and looks once more when the time is over."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from parhelia_tui.core.client import Client, waiting
from parhelia_tui.core.client.checkpoints import Checkpoints
from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.states import CheckpointState, TaskState
from parhelia_tui.core.store import intents
from parhelia_tui.core.store.connection import writing
from tests.support.fleet import RELEASE, create, kill_controller, reach
from tests.support.product import Product


def test_there_is_a_look_after_the_deadline() -> None:
    turns = looks(0.05)
    next(turns)
    # This machine stands still until the deadline is over.
    time.sleep(0.1)
    assert sum(1 for _ in turns) == 1, "what came while this machine stood still is seen"


def test_who_cleans_up_waits_as_long_as_that_may_take(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each container with a system of its own takes a second, and there may be hundreds."""
    removed: dict[str, object] = {"removed": ["c-00000001"], "kept": {}}
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += 1.0
        if now > 300.0:
            with writing(client._db) as tx:
                for intent in intents.pending(tx):
                    intents.handle(tx, intent.id, "done", removed, now)

    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))
    monkeypatch.setattr(Client, "wake", lambda self: None)
    assert client.cleanup(dry_run=False) == removed


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
