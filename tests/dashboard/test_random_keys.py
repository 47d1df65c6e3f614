"""Random keys and sizes: the dashboard never falls, and never does what nobody confirmed."""

from __future__ import annotations

import random

import pytest
from textual.widgets import Input

from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.home import HomeScreen
from parhelia_tui.screens.new_task import NewTaskScreen
from parhelia_tui.screens.too_small import LEAST, TooSmallScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import StillFleet

KEYS = (
    *"abcdefghijklmnopqrstuvwxyzABCGMPSTX0123456789",
    *("slash", "colon", "question_mark", "dollar_sign", "plus", "minus", "comma", "full_stop", "space"),
    *(
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
        "tab",
        "shift+tab",
        "escape",
        "escape",
    ),
    *("enter", "backspace", "delete", "ctrl+p", "ctrl+s", "ctrl+u", "f1", "f7", "ctrl+home", "shift+down"),
    *("ctrl+z", "left_curly_bracket", "right_curly_bracket", "left_square_bracket"),
    *("é", "漢", "resize", "resize"),
)
CONFIRMS = ("y", "enter", "space")
UNASKED = ("cancel", "terminate", "rollback", "delete", "restore", "resume", "recover")


def chosen(chance: random.Random, seen: Dashboard) -> str:
    """A key that confirms nothing, creates nothing and does not leave."""
    while True:
        key = chance.choice(KEYS)
        screen = seen.app.screen
        confirms = isinstance(screen, ConfirmScreen) and key in CONFIRMS
        # In a form and in a line these are a wish that somebody typed.
        typed = isinstance(screen, NewTaskScreen) or isinstance(seen.app.focused, Input)
        sends = typed and key in ("enter", "ctrl+s")
        leaves = key == "q" and isinstance(screen, HomeScreen | TooSmallScreen)
        if not (confirms or sends or leaves):
            return key


async def press_at_random(opened: Opens, still: StillFleet, seed: int, count: int) -> None:
    chance = random.Random(seed)
    door = still.client()
    before = {task.id: (task.state, task.attempt) for task in door.tasks()}
    pressed: list[str] = []
    try:
        async with opened() as seen:
            for _ in range(count):
                key = chosen(chance, seen)
                pressed.append(key)
                if key == "resize":
                    await seen.pilot.resize_terminal(chance.randint(20, 220), chance.randint(5, 70))
                else:
                    await seen.press(key)
                assert seen.app.is_running, seen.app.return_value
            await seen.pilot.resize_terminal(*LEAST)
            for _ in range(12):
                await seen.press("escape")
            assert seen.app.is_running
            assert seen.app.screen is seen.home
    except Exception as error:
        raise AssertionError(f"{error!r}, seed {seed}, after {' '.join(pressed[-40:])}") from error
    after = {task.id: (task.state, task.attempt) for task in door.tasks()}
    assert {name: after[name] for name in before} == before
    assert set(after) == set(before)
    asked = [each.type for each in door.events(limit=1000) if any(word in each.type for word in UNASKED)]
    assert [each for each in asked if each.endswith("_requested")] == []
    door.close()


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
async def test_random_keys_harm_nothing(opened: Opens, still: StillFleet, seed: int) -> None:
    await press_at_random(opened, still, seed, 150)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 14))
async def test_a_thousand_random_keys_harm_nothing(opened: Opens, still: StillFleet, seed: int) -> None:
    await press_at_random(opened, still, seed, 1000)
