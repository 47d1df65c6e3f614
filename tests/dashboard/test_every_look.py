"""How every screen and dialog looks, at two sizes and in two themes; one that is new here has to have its pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.views import views
from tests.dashboard.conftest import Compare
from tests.dashboard.test_looks import BOTH, SIZES, after, fixed_surroundings
from tests.support.still_fleet import NOW, StillFleet
from tests.support.ways import WAYS, go

__all__ = ["fixed_surroundings"]


def test_every_screen_and_dialog_has_its_pictures() -> None:
    # What is shown on too small a terminal has a size of its own (test_looks.py).
    assert WAYS.keys() == {each["view"] for each in views()} - {"TooSmall"}


@pytest.mark.long
@BOTH
@SIZES
@pytest.mark.parametrize("name", WAYS)
def test_how_it_looks(
    name: str, size: tuple[int, int], theme: str, tmp_path: Path, still: StillFleet, snap_compare: Compare
) -> None:
    way = WAYS[name]
    way.before(still, tmp_path)
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)

    async def there(pilot: Pilot[None]) -> None:
        await after()(pilot)
        await go(pilot, app, way)
        await after()(pilot)

    assert snap_compare(app, terminal_size=size, run_before=there)
    door.close()
