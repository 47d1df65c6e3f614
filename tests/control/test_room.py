"""How often a provider without room is asked again."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.control import room
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.records import Container, Limits
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task

WHY = "waits for room at modal: it is full"


class Clock:
    """Time that a test lets pass."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(tmp_path: Path, clock: Clock) -> Iterator[Context]:
    db = open_migrated(tmp_path / "parhelia.db")
    yield Context(Paths(tmp_path), Config(), db, {}, logging.getLogger("test"), clock=clock)
    db.close()


@pytest.fixture
def container(context: Context) -> Container:
    """A container that is to be made at the provider."""
    with writing(context.db) as tx:
        task = tasks.add(tx, make_task(backend="modal"))
        return containers.add(tx, "c-00000001", task, attempt=1, workspace="/srv", slot=1, at=1000.0)


def at(container: Container, now: float, gpu: str | None = None) -> Container:
    """The same container, begun at another time or with a GPU."""
    return dataclasses.replace(container, created_at=now, limits=Limits(gpu=gpu))


def test_pauses_grow_up_to_two_minutes_and_one_asks_after_each(
    context: Context, container: Container, clock: Clock
) -> None:
    assert room.why_none(context, "modal", None) == ""
    pauses = []
    for _ in range(8):
        begun = clock.now
        clock.now += 3
        room.refused(context, at(container, begun), WHY)
        asked = clock.now
        while room.why_none(context, "modal", None):
            clock.now += 1
        pauses.append(clock.now - asked)
        # The others wait until it is known what becomes of that one.
        assert room.why_none(context, "modal", None) == WHY
        clock.now += 1
    assert pauses == [5, 10, 20, 40, 80, 120, 120, 120]


def test_many_that_are_refused_together_are_one_refusal(
    context: Context, container: Container, clock: Clock
) -> None:
    clock.now = 1003.0
    for _ in range(9):
        room.refused(context, at(container, 1000.0), WHY)
    clock.now = 1008.5
    assert room.why_none(context, "modal", None) == ""


def test_room_that_is_found_is_there_for_all_and_other_places_are_not_held_up(
    context: Context, container: Container, clock: Clock
) -> None:
    room.refused(context, at(container, 999.0, "H100"), WHY)
    assert room.why_none(context, "modal", "H100") == WHY
    assert room.why_none(context, "modal", None) == ""
    assert room.why_none(context, "local", None) == ""
    room.found(context, at(container, 1001.0, "H100"))
    assert room.why_none(context, "modal", "H100") == ""


def test_a_clock_that_is_set_back_holds_up_nobody(
    context: Context, container: Container, clock: Clock
) -> None:
    room.refused(context, at(container, 999.0), WHY)
    clock.now -= 3600
    assert room.why_none(context, "modal", None) == ""
