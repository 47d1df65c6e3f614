"""How every screen and dialog looks, at two sizes and in two themes; one that is new here has to have its pictures."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from textual.pilot import Pilot

from parhelia_tui import screens
from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.views import views
from tests.dashboard.conftest import Compare
from tests.dashboard.test_looks import BOTH, NARROW, SIZES, WIDE, after, fixed_surroundings
from tests.support.still_fleet import NOW, StillFleet
from tests.support.ways import OF_THIS_MACHINE, QUESTIONS, WAYS, Way, go

__all__ = ["fixed_surroundings"]


def test_every_screen_and_dialog_has_its_pictures() -> None:
    # What is shown on too small a terminal has a size of its own (test_looks.py).
    assert WAYS.keys() == {each["view"] for each in views()} - {"TooSmall"}


def test_every_question_has_its_pictures() -> None:
    assert asking() == {*QUESTIONS, *OF_THIS_MACHINE}


def asking() -> set[str]:
    """Every place that asks, as MODULE.FUNCTION."""
    found = set()
    for file in Path(screens.__path__[0]).glob("*.py"):
        for outer in ast.parse(file.read_text()).body:
            parts = outer.body if isinstance(outer, ast.ClassDef) else [outer]
            for each in parts:
                names = {
                    node.func.id
                    for node in ast.walk(each)
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                }
                if names & {"AskScreen", "ConfirmScreen"}:
                    assert isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
                    found.add(f"{file.stem}.{each.name}")
    return found


@pytest.mark.long
@BOTH
@SIZES
@pytest.mark.parametrize("name", WAYS)
def test_how_it_looks(
    name: str, size: tuple[int, int], theme: str, tmp_path: Path, still: StillFleet, snap_compare: Compare
) -> None:
    picture(WAYS[name], size, theme, tmp_path, still, snap_compare)


def picture(
    way: Way, size: tuple[int, int], theme: str, place: Path, still: StillFleet, snap_compare: Compare
) -> None:
    """Go a way, and compare what is seen at its end."""
    way.before(still, place)
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)

    async def there(pilot: Pilot[None]) -> None:
        await after()(pilot)
        await go(pilot, app, way)
        await after()(pilot)

    assert snap_compare(app, terminal_size=size, run_before=there)
    door.close()


@pytest.mark.long
@pytest.mark.parametrize(
    ("size", "theme"), [(WIDE, "dark"), (NARROW, "light")], ids=["120x40-dark", "80x24-light"]
)
@pytest.mark.parametrize("name", QUESTIONS)
def test_how_a_question_looks(
    name: str, size: tuple[int, int], theme: str, tmp_path: Path, still: StillFleet, snap_compare: Compare
) -> None:
    picture(QUESTIONS[name], size, theme, tmp_path, still, snap_compare)
