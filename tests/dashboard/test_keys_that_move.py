"""The keys by which one moves in lines, tiles, tabs, pages and moments."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Button

from parhelia_tui.core.settings.view_file import View
from parhelia_tui.screens.arrange import ArrangeScreen
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.container import ContainerScreen
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.inbox import InboxScreen
from parhelia_tui.screens.lines_screen import LinesScreen
from parhelia_tui.screens.pulses import PulsesScreen, pulses
from parhelia_tui.screens.task_details import TABS, TaskDetailsScreen
from parhelia_tui.screens.time_travel import TimeTravelScreen
from parhelia_tui.screens.tree import TreeScreen
from parhelia_tui.screens.wall import WallScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import LIVE, WAITS, StillFleet
from tests.support.ways import WAYS, go


async def moves(seen: Dashboard, where: Callable[[], object], keys: str) -> None:
    """Press keys one by one.

    Args:
        where: gives the place.
        keys: each with the place that it leads to, as "j=1 k=0".
    """
    for each in keys.split():
        key, _, to = each.partition("=")
        await seen.press(key)
        await seen.wait(partial(is_at, where, to))


def is_at(where: Callable[[], object], place: object) -> bool:
    return str(where()) == str(place)


async def test_lines_are_scrolled(opened: Opens, still: StillFleet, tmp_path: Path) -> None:
    way = WAYS["Log"]
    way.before(still, tmp_path)
    async with opened() as seen:
        await go(seen.pilot, seen.app, way)
        screen = seen.app.screen
        assert isinstance(screen, LinesScreen)
        last = screen.lines.max_scroll_y
        assert last > 10
        await moves(seen, lambda: int(screen.lines.scroll_y), f"g=0 j=1 k=0 G={last} home=0 end={last}")


async def test_tabs_are_gone_through_and_chosen(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("d")
        screen = seen.app.screen
        assert isinstance(screen, TaskDetailsScreen)
        digits = " ".join(f"{number}={number - 1}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 1))
        await moves(seen, lambda: screen._page, f"tab=1 right=2 left=1 shift+tab=0 shift+tab=8 {digits}")
        assert len(TABS) == len(digits.split())


async def test_tiles_of_the_pulses_are_gone_through(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("P")
        screen = seen.app.screen
        assert isinstance(screen, PulsesScreen)
        await seen.wait(lambda: screen._tiles[0][1].has_focus)
        on, back = "tab=1 right=2 l=3 down=4 j=5", "k=4 up=3 h=2 left=1 shift+tab=0"
        await moves(seen, screen._front, f"{on} {back}")


def test_who_waits_is_not_among_the_agents_that_run(still: StillFleet) -> None:
    still.ask()
    with closing(still.client()) as door:
        fleet = FleetView(door.snapshot())
        running = next(each for each in pulses(fleet) if each.name == "running")
    number = int(running.number.split()[1])
    assert number == sum(int(line.split()[0]) for line in running.lines)


async def test_terminals_of_the_wall_are_gone_through(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("w")
        screen = seen.app.screen
        assert isinstance(screen, WallScreen)
        await seen.wait(lambda: len(screen._ids()) == 3)
        start = screen._ids().index(screen._front)
        assert start == 2
        # Two stand beside each other, the third below the first of them.
        around = "left=1 h=0 shift+tab=2 tab=0 right=1 l=2"
        rows = "up=0 down=2 k=0 j=2"
        await moves(seen, lambda: screen._ids().index(screen._front), f"{around} {rows}")


@pytest.mark.parametrize("key", ["left", "right", "up", "down"])
async def test_arrows_go_to_the_other_answer_of_a_question(key: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("x")
        screen = seen.app.screen
        assert isinstance(screen, ConfirmScreen)
        await seen.wait(lambda: isinstance(screen.focused, Button))
        first = screen.focused
        await seen.press(key)
        await seen.wait(lambda: screen.focused is not first and isinstance(screen.focused, Button))


async def test_moments_are_gone_through(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("T")
        await seen.wait_for("THE PAST", "0s ago")
        assert isinstance(seen.app.screen, TimeTravelScreen)
        for key, there in (
            ("left", "8s ago"), ("left", "13s ago"), ("right", "8s ago"),
            ("shift+left", "1m ago"), ("left_square_bracket", "2m ago"),
            ("shift+right", "1m ago"), ("right_square_bracket", "8s ago"), ("ctrl+left", "3h ago"),
            ("ctrl+right", "8s ago"), ("less_than_sign", "3h ago"), ("greater_than_sign", "8s ago"),
        ):  # fmt: skip
            await seen.press(key)
            await seen.wait_for(there)


async def test_panes_of_the_past_are_gone_through(opened: Opens) -> None:
    async with opened((80, 24)) as seen:
        await seen.press("T")
        await seen.wait_for("THE PAST", "Fix the failing")
        first = seen.app.focused
        await seen.press("tab")
        await seen.wait(lambda: seen.app.focused is not first)
        await seen.press("shift+tab")
        await seen.wait(lambda: seen.app.focused is first)


@pytest.mark.parametrize(
    "key",
    ["n", "a", "t", "x", "r", "c", "C", "l", "h", "i", "w", "u", "dollar_sign", "delete"],
)
async def test_in_the_past_what_would_act_says_that_it_does_not(key: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("T")
        await seen.wait_for("THE PAST", "0s ago")
        screen = seen.app.screen
        await seen.press(key)
        await seen.wait_for("what is over cannot be acted on")
        assert seen.app.screen is screen


@pytest.mark.parametrize("key", ["space", "right", "left", "l", "enter"])
async def test_a_line_of_the_tree_is_folded(key: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("B")
        assert isinstance(seen.app.screen, TreeScreen)
        await seen.wait_for("▾ owner local", "workspace /srv/project")
        await seen.press("g", key)
        await seen.wait_for("▸ owner local")
        await seen.wait_gone("workspace /srv/project")


@pytest.mark.parametrize(
    ("on", "back"),
    [
        ("right_square_bracket", "left_square_bracket"),
        ("shift+down", "shift+up"),
        ("J", "K"),
        ("space", "space"),
        ("enter", "enter"),
    ],
)
async def test_panes_and_columns_are_moved_and_hidden(on: str, back: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("v")
        screen = seen.app.screen
        assert isinstance(screen, ArrangeScreen)
        before = seen.home.view
        await seen.press(on)
        await seen.wait(lambda: seen.home.view != before)
        changed = seen.home.view
        await seen.press(back)
        await seen.wait(lambda: seen.home.view != changed)


@pytest.mark.parametrize(
    ("key", "heading"), [("1", "STATE"), ("3", "AGENT"), ("4", "WHERE"), ("5", "COST"), ("6", "AGE")]
)
async def test_a_digit_sorts_by_its_column(key: str, heading: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press(key)
        await seen.wait(lambda: any(f"{heading}{way}" in seen.line_with("STATE") for way in "▲▼"))


@pytest.mark.parametrize(("key", "name"), [("7", "turns"), ("8", "attempt"), ("9", "task")])
async def test_a_digit_sorts_by_a_further_column_where_there_is_one(
    key: str, name: str, opened: Opens
) -> None:
    narrow = ("state", "id", "age", "cost", "priority", "tokens", "turns", "attempt", "task")
    async with opened((200, 40)) as seen:
        seen.home.take_view(View(columns=narrow))
        await seen.press(key)
        await seen.wait(lambda: seen.home.view.sort.removeprefix("-") == name)


async def test_the_question_of_the_inbox_is_gone_to_and_back(
    opened: Opens, still: StillFleet, tmp_path: Path
) -> None:
    way = WAYS["Inbox"]
    way.before(still, tmp_path)
    async with opened() as seen:
        await go(seen.pilot, seen.app, way)
        screen = seen.app.screen
        assert isinstance(screen, InboxScreen)
        await seen.press("tab")
        await seen.wait(lambda: screen.question.has_focus)
        await seen.press("tab")
        await seen.wait(lambda: screen.table.has_focus)


async def test_panes_of_a_container_are_gone_through(opened: Opens) -> None:
    async with opened((80, 24)) as seen:
        seen.home.open_about(None, LIVE[WAITS])
        await seen.wait_for("processor", "Esc")
        screen = seen.app.screen
        assert isinstance(screen, ContainerScreen)
        await moves(seen, lambda: screen._front, "tab=1 tab=2 shift+tab=1 shift+tab=0 shift+tab=3")
