"""The dashboard over a fleet that stands still, and over a real one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from parhelia_tui.app import ParheliaApp
from tests.support.dashboard import SIZE, Dashboard, dashboard, standing
from tests.support.fleet import workspace
from tests.support.still_fleet import NOW, StillFleet

Opens = Callable[..., AbstractAsyncContextManager[Dashboard]]
Compare = Callable[..., bool]
Before = Callable[[Pilot[None]], Awaitable[None]]


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


@pytest.fixture
def snap_compare(snap_compare: Compare) -> Compare:
    """Compares a picture; where the way to it fails, it says with which reason, and what stood there then."""

    def compare(app: ParheliaApp, terminal_size: tuple[int, int], run_before: Before) -> bool:
        async def go(pilot: Pilot[None]) -> None:
            try:
                await run_before(pilot)
            except Exception as error:
                raise AssertionError(f"no picture: {error}\n{standing(app)}") from error

        return snap_compare(app, terminal_size=terminal_size, run_before=go)

    return compare
