"""The command line of the dashboard: any command of `parhelia`, completed, run, ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens.command_line import CommandLineScreen, _common
from parhelia_tui.screens.command_output import CommandOutputScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard, dashboard
from tests.support.fleet import create, reach
from tests.support.still_fleet import PORTS


def line_of(seen: Dashboard) -> Input:
    """The line that is typed in."""
    assert isinstance(seen.app.screen, CommandLineScreen)
    return seen.app.screen.line


async def put(seen: Dashboard, text: str) -> None:
    """Open the line and put a text in it."""
    await seen.press("colon")
    line = line_of(seen)
    line.value = text
    line.cursor_position = len(text)


async def test_a_command_is_completed_run_and_its_lines_are_shown(opened: Opens) -> None:
    async with opened() as seen:
        await put(seen, "task sh")
        await seen.wait_for("Show a task with its attempts")
        await seen.press("tab")
        assert line_of(seen).value == "task show "
        # Ids too, with what they are.
        await seen.wait_for(PORTS, "Port the parser to the new interface")
        await put_more(seen, PORTS[:-1])
        await seen.wait(lambda: seen.shows(PORTS))
        await put_more(seen, PORTS[-1])
        await seen.press("enter")
        await seen.wait_for(f"parhelia task show {PORTS} ▪ done", "Port the parser to the new interface")
        await seen.press("escape")
        assert seen.app.screen is seen.home


async def test_a_command_typed_with_its_enter_at_once_is_run(opened: Opens) -> None:
    async with opened() as seen:
        seen.burst("colon", *"task", "space", *"show", "space", *PORTS, "enter")
        await seen.wait_for(f"parhelia task show {PORTS} ▪ done")


async def put_more(seen: Dashboard, text: str) -> None:
    """Type on."""
    line = line_of(seen)
    line.value += text
    line.cursor_position = len(line.value)
    await seen.pilot.pause()


async def test_what_is_wrong_is_said_with_its_exit_code(opened: Opens) -> None:
    async with opened() as seen:
        await put(seen, "tsak list")
        await seen.press("enter")
        await seen.wait_for("ended with 2", "Did you mean task")
        await seen.press("escape")
        await put(seen, 'task show "open')
        await seen.press("enter")
        await seen.wait_for("A quote is open")
        await put(seen, "parhelia")
        await seen.press("enter")
        await seen.wait_for("You are in the dashboard already")


async def test_what_was_typed_comes_back(opened: Opens) -> None:
    async with opened() as seen:
        for text in ("status", "config path"):
            await put(seen, text)
            await seen.press("enter")
            await seen.wait_for("▪ done")
            await seen.press("escape")
        await seen.press("colon", "up")
        assert line_of(seen).value == "config path"
        await seen.press("up", "up")
        assert line_of(seen).value == "status"
        await seen.press("down", "down")
        assert line_of(seen).value == ""
        await seen.press("escape")
        assert seen.app.screen is seen.home


@pytest.mark.real
async def test_leaving_ends_a_command_that_follows(client: Client, place: Path) -> None:
    task = create(client, "sleep 600", place)
    reach(client, task.id, TaskState.RUNNING)
    async with dashboard(client) as seen:
        await put(seen, f"events watch --task {task.id} --from-start")
        await seen.press("enter")
        await seen.wait_for("▪ runs", "container.started")
        screen = seen.app.screen
        assert isinstance(screen, CommandOutputScreen)
        process = screen._command._process
        assert process is not None
        await seen.press("escape")
        await seen.wait(lambda: process.returncode is not None)
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
    assert client.task(task.id).state is TaskState.RUNNING


@given(st.lists(st.text(alphabet="ab", max_size=5), min_size=1, max_size=5))
def test_the_common_beginning_is_the_longest(words: list[str]) -> None:
    found = _common(words)
    assert all(word.startswith(found) for word in words)
    longer = {word[: len(found) + 1] for word in words}
    assert longer == {found} or len(longer) > 1
