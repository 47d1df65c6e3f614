"""The dashboard over a fleet that stands still, and over a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.support.dashboard import SIZE, Dashboard, dashboard
from tests.support.fleet import workspace
from tests.support.still_fleet import NOW, StillFleet

Opens = Callable[..., AbstractAsyncContextManager[Dashboard]]


@pytest.fixture
def empty(own_state: None, tmp_path: Path) -> Iterator[StillFleet]:
    """A state directory without a task."""
    made = StillFleet(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def still(empty: StillFleet) -> StillFleet:
    """The fleet that stands still."""
    empty.fill()
    empty.hold_controller()
    return empty


@pytest.fixture
def opened(still: StillFleet) -> Iterator[Opens]:
    """Opens the dashboard over the fleet that stands still."""
    door = still.client()

    def opens(size: tuple[int, int] = SIZE) -> AbstractAsyncContextManager[Dashboard]:
        return dashboard(door, size, lambda: NOW)

    yield opens
    door.close()


@pytest.fixture
def opened_empty(empty: StillFleet) -> Iterator[Opens]:
    """Opens the dashboard over no task."""
    door = empty.client()

    def opens(size: tuple[int, int] = SIZE) -> AbstractAsyncContextManager[Dashboard]:
        return dashboard(door, size, lambda: NOW)

    yield opens
    door.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The workspace of the test's tasks."""
    return workspace(tmp_path)
