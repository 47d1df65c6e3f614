"""How the screens behind the home screen look, in two themes."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.screens.container import ContainerScreen
from parhelia_tui.screens.events import EventsScreen
from parhelia_tui.screens.time_travel import TimeTravelScreen
from tests.dashboard.test_looks import NARROW, WIDE, Compare, after, fixed_surroundings
from tests.support.still_fleet import NOW, PORTS, StillFleet

__all__ = ["fixed_surroundings"]


def is_read(pilot: Pilot[None]) -> bool:
    screen = pilot.app.screen
    if isinstance(screen, EventsScreen):
        return len(screen.table._keys) == 6
    if isinstance(screen, ContainerScreen):
        return screen.resources._count > 1
    assert isinstance(screen, TimeTravelScreen)
    return any(part.text.cell_len >= screen.size.width - 5 for part in screen.scrub._parts)


@pytest.mark.parametrize(
    ("keys", "size", "theme"),
    [
        (("E",), WIDE, "dark"),
        (("E",), NARROW, "light"),
        (("tab", "j", "d"), WIDE, "dark"),
        (("T",), WIDE, "dark"),
        (("T",), NARROW, "light"),
    ],
    ids=[
        "events-120x40-dark",
        "events-80x24-light",
        "container-120x40-dark",
        "past-120x40-dark",
        "past-80x24-light",
    ],
)
def test_screens(
    keys: tuple[str, ...], size: tuple[int, int], theme: str, still: StillFleet, snap_compare: Compare
) -> None:
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        for table, column in (("tasks", "id"), ("containers", "task_id")):
            tx.execute(f"UPDATE {table} SET workspace = '/usr/share' WHERE {column} = ?", (PORTS,))
    db.close()
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)
    assert snap_compare(app, terminal_size=size, run_before=after(*keys, then=is_read))
    door.close()
