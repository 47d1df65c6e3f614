"""What the screens over the fleet have in common: where one is, keys of the user's own, a reason for each that is off."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from textual.screen import ModalScreen, Screen

from parhelia_tui import screens
from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.settings.dashboard import dashboard
from parhelia_tui.core.settings.key_names import SCREEN_ACTIONS
from parhelia_tui.screens.help import HelpScreen
from parhelia_tui.screens.home import HomeScreen
from parhelia_tui.screens.key_map import HIDDEN, bindings_of, changeable
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.too_small import TooSmallScreen
from parhelia_tui.screens.wall import WallScreen
from parhelia_tui.widgets.crumbs import fitting
from tests.dashboard.conftest import Opens
from tests.support.dashboard import SIZE, Dashboard
from tests.support.fleet import configure
from tests.support.still_fleet import LIVE, NOW, PORTS, WAITS, StillFleet


def over_home() -> set[type[Screen[object]]]:
    """Every screen that is no dialog, not the fleet, and not only what others are made of."""
    found: set[type[Screen[object]]] = set()
    for module in pkgutil.iter_modules(screens.__path__):
        for each in vars(importlib.import_module(f"{screens.__name__}.{module.name}")).values():
            if (
                isinstance(each, type)
                and issubclass(each, Screen)
                and each.__module__.startswith(screens.__name__)
            ):
                found.add(each)
    bases = {base for each in found for base in each.__mro__[1:]}
    return {each for each in found - bases if not issubclass(each, ModalScreen | HomeScreen | TooSmallScreen)}


def test_every_screen_says_where_one_is_and_has_keys_that_can_be_changed() -> None:
    assert len(over_home()) >= 15
    for each in over_home():
        assert issubclass(each, OverHome), each
        assert changeable(bindings_of(each)) == SCREEN_ACTIONS[each.TABLE], each
    assert {each.TABLE for each in over_home() if issubclass(each, OverHome)} == set(SCREEN_ACTIONS)


@pytest.mark.long
@pytest.mark.parametrize("size", [(80, 24), SIZE], ids=["80x24", "120x40"])
async def test_the_first_line_says_the_way_from_the_fleet(opened: Opens, size: tuple[int, int]) -> None:
    ways = {
        "d": f"Fleet > task {WAITS} > About", "l": f"Fleet > output of {WAITS}", "w": "Fleet > Wall",
        "i": "Fleet > Inbox", "E": "Fleet > Events", "B": "Fleet > Tree", "P": "Fleet > Pulses",
        "S": "Fleet > Settings", "C": f"Fleet > checkpoints of {WAITS}", "T": "Fleet > The past",
    }  # fmt: skip
    async with opened(size) as seen:
        for key, way in ways.items():
            await seen.press(key)
            assert seen.lines()[0].strip() == way, key
            await seen.press("escape")
            assert seen.app.screen is seen.home, key
        await seen.press("d", "4")
        assert seen.lines()[0].strip() == f"Fleet > task {WAITS} > Changes"
        await seen.press("escape", "tab", "d")
        assert seen.lines()[0].strip() == f"Fleet > container {LIVE[WAITS]}"
        await seen.press("question_mark")
        assert isinstance(seen.app.screen, HelpScreen)


@pytest.mark.parametrize("key", "dwiEBPSCTU")
async def test_the_help_of_a_screen_folds_its_words_and_cuts_none(opened: Opens, key: str) -> None:
    async with opened((80, 66)) as seen:
        await seen.press(key)
        below = seen.app.screen
        assert isinstance(below, OverHome)
        await seen.press("question_mark")
        found = seen.app.screen
        assert isinstance(found, HelpScreen)

        def said() -> str:
            place = found.view.region
            lines = (line[place.x : place.right] for line in seen.lines()[place.y : place.bottom])
            return " ".join(" ".join(lines).split())

        words = [each.tooltip or each.description for each in below.keys if each.action != HIDDEN]
        await seen.wait(lambda: all(each in said() for each in words))


@pytest.mark.parametrize(
    ("width", "way"),
    [(80, "Fleet > a > b > c"), (14, "Fleet > … > c"), (13, "Fleet > … > c"), (5, "Fleet > … > c")],
)
def test_a_long_way_keeps_its_ends(width: int, way: str) -> None:
    assert " > ".join(fitting(("Fleet", "a", "b", "c"), width)) == way


async def test_a_key_that_is_off_says_why_in_the_help_and_when_it_is_pressed(
    opened_empty: Opens,
) -> None:
    async with opened_empty() as seen:
        for key, pressed, reason in (
            ("w", "t", "Nothing runs here."),
            ("i", "y", "Nobody waits for you."),
            ("i", "t", "Nobody waits for you."),
            ("E", "T", "No event is chosen."),
            ("B", "space", "Nothing is at work."),
        ):
            await seen.press(key)
            screen = seen.app.screen
            assert isinstance(screen, OverHome)
            await seen.press(pressed)
            await seen.wait_for(reason)
            await seen.press("question_mark")
            assert seen.shows(f"not now: {reason[0].lower()}{reason[1:-1]}") or seen.shows(
                f"not now: {reason[:-1]}"
            )
            await seen.press("escape", "escape")
            assert seen.app.screen is seen.home


@pytest.mark.long
async def test_each_screen_has_a_reason_that_fits_what_is_chosen(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("d", "r")
        details = seen.app.screen
        assert seen.shows("What is seen here follows by itself")
        await seen.press("question_mark")
        await seen.wait_for("not now: what is seen here follows by itself")
        # The palette has what does something now, of this screen.
        named = {each.title for each in seen.app.get_system_commands(details)}
        assert "Next tab" in named
        assert "Read again" not in named
        await seen.press("escape", "escape", "T")
        await seen.wait_for("THE PAST")
        await seen.press("right")
        await seen.wait_for("No event comes after this moment.")
        assert "next event" not in seen.lines()[-1]
        await seen.press("escape", "P", "l", "l", "l", "l", "l", "l", "l")
        pulses = seen.app.screen
        assert isinstance(pulses, OverHome)
        off = pulses.why_not("open")
        await seen.press("enter")
        assert (seen.app.screen is seen.home) == (not off)


async def test_changed_keys_of_a_screen_act_and_are_what_it_shows(still: StillFleet, tmp_path: Path) -> None:
    configure(tmp_path, '[screen_keys.wall]\ncancel = "K"\nback = "f2"\n[screen_keys.tree]\nfold = "f"\n')
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), dashboard(), clock=lambda: NOW)
    async with app.run_test(size=SIZE) as pilot:
        seen = Dashboard(app, pilot)
        await pilot.pause()
        await seen.press("w")
        await seen.wait_for("K cancel")
        await seen.press("x")
        assert isinstance(app.screen, WallScreen)
        await seen.press("K")
        await seen.wait_for("Cancel “")
        await seen.press("n", "q")
        assert isinstance(app.screen, WallScreen)
        await seen.press("question_mark")
        assert "K " in seen.line_with("cancel it, after a question")
        await seen.press("escape", "f2")
        assert len(app.screen_stack) == 2
        # What means the same everywhere stays.
        await seen.press("w", "escape")
        assert len(app.screen_stack) == 2
        await seen.press("B")
        await seen.wait_for("owner")
        lines = len([line for line in seen.lines() if PORTS[-1] in line or "Port the parser" in line])
        await seen.press("g", "f")
        await seen.wait(lambda: not seen.shows("Port the parser") or lines == 0)
    door.close()
