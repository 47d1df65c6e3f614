"""Keys of screens and tabs that no story of another test presses: what each of them does."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.screens.ask import AskScreen
from parhelia_tui.screens.container import ContainerScreen
from parhelia_tui.screens.hosts import HostsScreen
from parhelia_tui.screens.log import LogScreen
from parhelia_tui.screens.task_details import TaskDetailsScreen
from parhelia_tui.screens.terminal_tab import TerminalTab
from parhelia_tui.widgets.scrollback import Scrollback
from tests.dashboard.conftest import Opens
from tests.dashboard.test_task_tabs import begin, terminal
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import FAILED, LIVE, PORTS, WAITS, StillFleet
from tests.support.tmux_server import TmuxServer
from tests.support.ways import WAYS, go

__all__ = ["terminal"]
NOT_HANDED_OVER = "This terminal cannot be handed over"


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fleet that stands still has no controller that could be woken."""
    monkeypatch.setattr(Client, "wake", lambda self: None)


def stands_at(back: Scrollback, line: int) -> bool:
    return back._cursor == line


async def at_terminal_tab(seen: Dashboard) -> TerminalTab:
    seen.home.tasks.select(WAITS)
    await seen.press("d", "2")
    await seen.wait_for("ready")
    screen = seen.app.screen
    assert isinstance(screen, TaskDetailsScreen)
    assert isinstance(screen.front, TerminalTab)
    return screen.front


@pytest.mark.real
@pytest.mark.parametrize("key", ["i", "enter"])
async def test_the_terminal_of_a_task_is_typed_into(key: str, opened: Opens, terminal: TmuxServer) -> None:
    async with opened() as seen:
        await at_terminal_tab(seen)
        await seen.press(key)
        await seen.wait_for("typing ▪ Ctrl+Q leaves")
        await seen.press("ctrl+q")
        await seen.wait_gone("typing ▪ Ctrl+Q leaves")


@pytest.mark.real
@pytest.mark.parametrize("key", ["t", "i"])
async def test_a_terminal_of_the_wall_is_typed_into(key: str, opened: Opens, terminal: TmuxServer) -> None:
    async with opened() as seen:
        seen.home.tasks.select(WAITS)
        await seen.press("w")
        await seen.wait_for("ready")
        await seen.press(key)
        await seen.wait_for("typing ▪ Ctrl+Q leaves")


@pytest.mark.real
@pytest.mark.long
async def test_older_lines_of_a_terminal_are_gone_through(opened: Opens, terminal: TmuxServer) -> None:
    async with opened() as seen:
        tab = await at_terminal_tab(seen)
        for key in ("b", "pageup"):
            await seen.press(key)
            await seen.wait(lambda: tab.has_class("-back") and tab.back.has_focus)
            await seen.press("escape")
            await seen.wait(lambda: not tab.has_class("-back"))
        await seen.press("pageup")
        await seen.wait(lambda: tab.back.has_focus)
        back = tab.back
        end, page = len(back._texts) - 1, back.size.height - 1
        for keys, there in (
            ("g", 0), ("G", end), ("home", 0), ("end", end), ("up", end - 1), ("k", end - 2), ("down", end - 1),
            ("j", end), ("pageup", end - page), ("ctrl+b", end - 2 * page), ("pagedown", end - page),
            ("ctrl+f", end),
        ):  # fmt: skip
            await seen.press(keys)
            await seen.wait(partial(stands_at, back, there))


@pytest.mark.real
async def test_older_lines_of_a_terminal_are_found_and_copied(opened: Opens, terminal: TmuxServer) -> None:
    async with opened() as seen:
        tab = await at_terminal_tab(seen)
        await seen.press("slash")
        await seen.wait(lambda: tab.back.has_focus)
        await seen.type("line 17")
        await seen.press("enter")
        back: Scrollback = tab.back
        places = [number for number, line in enumerate(back._lines()) if "line 17" in line]
        await seen.wait(lambda: back._cursor == places[-1])
        await seen.press("n")
        await seen.wait(lambda: back._cursor == places[0])
        await seen.press("N")
        await seen.wait(lambda: back._cursor == places[-1])
        for mark, copy in (("space", "y"), ("v", "enter")):
            await seen.press(mark, "k", copy)
            await seen.wait_for("2 lines copied.")
            await seen.press("k", copy)
            await seen.wait_for("1 line copied.")


async def test_tools_of_a_talk_are_gone_through_and_opened(opened: Opens, still: StillFleet) -> None:
    place = begin(still, PORTS) / ".parhelia-demo"
    place.mkdir()
    tools = [
        {"tool": "Bash", "input": {"command": f"run {number}"}, "result": f"out-{number}\n", "failed": False}
        for number in range(3)
    ]
    (place / "talk.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in tools))
    async with opened() as seen:
        seen.home.tasks.select(PORTS)
        await seen.press("d", "3")
        await seen.wait_for("run 0", "run 2")
        # The last one is chosen at first.
        for key, number in (("p", 1), ("left_square_bracket", 0), ("n", 1), ("right_square_bracket", 2)):
            await seen.press(key, "enter")
            await seen.wait_for(f"out-{number}")
            await seen.press("space")
            await seen.wait_gone(f"out-{number}")
        await seen.press("f")
        await seen.wait_for("out-0", "out-1", "out-2")


async def test_whom_a_container_called_is_shown_and_there_is_nobody_to_allow(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("h")
        assert isinstance(seen.app.screen, HostsScreen)
        await seen.wait_for("called nobody yet")
        await seen.press("y")
        await seen.wait_for("there is nobody to allow")


@pytest.mark.parametrize("key", ["r", "l"])
async def test_after_a_failure_one_begins_anew_or_reads_what_was_printed(
    key: str, opened: Opens, still: StillFleet, tmp_path: Path
) -> None:
    way = WAYS["Recover"]
    way.before(still, tmp_path)
    door = still.client()
    async with opened() as seen:
        await go(seen.pilot, seen.app, way)
        await seen.press(key)
        if key == "r":
            await seen.wait(lambda: door.task(FAILED).state == "pending")
        else:
            await seen.wait(lambda: isinstance(seen.app.screen, LogScreen))
    door.close()


async def test_from_a_container_one_goes_to_its_terminal(opened: Opens) -> None:
    async with opened() as seen:
        seen.home.open_about(None, LIVE[WAITS])
        await seen.wait_for("processor")
        assert isinstance(seen.app.screen, ContainerScreen)
        await seen.press("a")
        await seen.wait_for(NOT_HANDED_OVER)


@pytest.mark.parametrize("key", ["enter", "a"])
async def test_from_the_wall_one_goes_to_a_terminal(key: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("w")
        await seen.wait_for("Fleet > Wall")
        await seen.press(key)
        await seen.wait_for(NOT_HANDED_OVER)


@pytest.mark.parametrize("key", ["enter", "l"])
async def test_from_the_inbox_one_goes_to_the_terminal_or_reads_what_was_printed(
    key: str, opened: Opens, still: StillFleet
) -> None:
    still.ask()
    async with opened() as seen:
        await seen.press("i", "j")
        await seen.wait_for("command: rm -r build")
        await seen.press(key)
        if key == "l":
            await seen.wait(lambda: isinstance(seen.app.screen, LogScreen))
        else:
            await seen.wait_for(NOT_HANDED_OVER)


async def test_enter_at_home_goes_to_the_terminal_of_its_row_and_from_its_pane(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("enter")
        await seen.wait(lambda: NOT_HANDED_OVER in seen.said())
        await seen.press("escape")
        await seen.wait(lambda: NOT_HANDED_OVER not in seen.said())
        await seen.press("shift+tab")
        await seen.wait(lambda: seen.home.terminal.view.has_focus)
        await seen.press("enter")
        await seen.wait(lambda: NOT_HANDED_OVER in seen.said())


async def test_an_amount_is_asked_for_the_budget_of_a_task(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("dollar_sign")
        await seen.wait(lambda: isinstance(seen.app.screen, AskScreen))
