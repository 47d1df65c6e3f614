"""The wall: many live terminals at once, each a key away."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens import wall
from parhelia_tui.screens.wall import NOTHING, WallScreen
from tests.dashboard.conftest import Opens
from tests.support.asking import one_that_says
from tests.support.dashboard import Dashboard, dashboard
from tests.support.fleet import create, reach
from tests.support.still_fleet import PORTS, WAITS


def wall_of(seen: Dashboard) -> WallScreen:
    """The wall, which must be on top."""
    assert isinstance(seen.app.screen, WallScreen)
    return seen.app.screen


@pytest.mark.real
async def test_it_shows_every_running_terminal_live_and_drops_those_that_end(
    client: Client, place: Path
) -> None:
    words = ("first", "second", "third")
    made = [
        create(client, f"echo here is {word}; until [ -e end-{word} ]; do sleep 0.05; done", place)
        for word in words
    ]
    for task in made:
        reach(client, task.id, TaskState.RUNNING)
    async with dashboard(client) as seen:
        await seen.press("w")
        await seen.wait_for(*(f"here is {word}" for word in words), "3 running")
        (place / "end-second").touch()
        await seen.wait_gone("here is second")
        # Its terminal is gone before its task has ended, and what is left takes its place then.
        await seen.wait_for("here is first", "here is third", "2 running")
        assert not seen.shows("here is second")
        later = create(client, "echo here is a fourth; sleep 600", place)
        await seen.wait_for("here is a fourth")
        await seen.wait(lambda: list(wall_of(seen)._tiles) == [made[0].id, made[2].id, later.id])
        await seen.press("escape")
        assert seen.app.screen is seen.home


async def test_the_focus_begins_at_the_chosen_task_and_walks(opened: Opens) -> None:
    async with opened() as seen:
        seen.home.tasks.select(PORTS)
        await seen.press("w")
        found = wall_of(seen)
        assert found.chosen is not None
        assert found.chosen.id == PORTS
        order = list(found._tiles)
        assert len(order) == 3
        begun = order.index(PORTS)
        for step, key in enumerate(("tab", "right", "l"), start=1):
            await seen.press(key)
            assert found.chosen.id == order[(begun + step) % 3]
        await seen.press("shift+tab")
        assert found.chosen.id == order[(begun + 2) % 3]


async def test_one_is_zoomed_and_comes_back_to_its_place(opened: Opens) -> None:
    async with opened() as seen:
        seen.home.tasks.select(PORTS)
        await seen.press("w", "z")
        await seen.wait_for("port-the-parser")
        assert not seen.shows("npm-test-watch")
        await seen.press("z")
        await seen.wait_for("port-the-parser", "npm-test-watch")


async def test_a_task_that_waits_for_a_person_is_not_counted_as_running_and_says_what_it_asks(
    opened: Opens,
) -> None:
    async with opened() as seen:
        await seen.press("w")
        await seen.wait_for("◆ 1 waits for you", "2 running", "fix-the-failing ▪ asks: May I remove build/?")


@pytest.mark.real
async def test_where_nothing_but_questions_is_left_none_runs(client: Client, place: Path) -> None:
    task = one_that_says(client, place, state="waiting", message="")
    reach(client, task.id, TaskState.WAITING)
    async with dashboard(client) as seen:
        await seen.press("w")
        await seen.wait_for("◆ 1 waits for you", "0 running", "▪ waits for you")


async def test_where_not_all_fit_pages_are_turned(opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall, "LEAST_ROWS", 20)
    async with opened((80, 24)) as seen:
        await seen.press("w")
        await seen.wait_for("◆ 1 waits for you", "2 running", "page 1 of 2")
        assert len(wall_of(seen)._tiles) == 2
        await seen.press("pagedown", "pagedown")
        await seen.wait_for("page 2 of 2")
        assert len(wall_of(seen)._tiles) == 1
        await seen.press("pageup")
        await seen.wait_for("page 1 of 2")


async def test_cancel_asks_and_a_key_that_does_nothing_says_why(opened: Opens) -> None:
    async with opened() as seen:
        seen.home.tasks.select(WAITS)
        await seen.press("w", "x")
        await seen.wait_for("Cancel “Fix the failing cache tests”?", "Let it be")
        await seen.press("escape")
        assert wall_of(seen).chosen is not None
        await seen.press("question_mark")
        await seen.wait_for("the next terminal", "Ctrl+Q leaves it again")


async def test_with_nothing_to_show_it_says_so(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("w")
        await seen.wait_for(NOTHING)
        await seen.press("tab", "j", "z", "x", "a", "escape")
        assert seen.app.screen is seen.home
