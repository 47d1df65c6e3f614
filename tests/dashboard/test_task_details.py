"""All about one task, page by page."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import TextArea

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens.task_details import TaskDetailsScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import dashboard
from tests.support.fleet import create, reach
from tests.support.still_fleet import PORTS


async def test_it_tells_what_a_task_is_and_how_it_stands(opened: Opens) -> None:
    async with opened() as seen:
        seen.home.tasks.select(PORTS)
        await seen.press("d")
        await seen.wait_for(
            "Port the parser to the new interface", "● running", "$1.02", "/srv/project (shared)"
        )
        await seen.press("5")
        await seen.wait_for("task.running", "it runs")
        await seen.press("tab", "tab")
        await seen.wait_for("MODEL", "TOGETHER")
        await seen.press("8")
        await seen.wait_for("8 prompt")
        await seen.press("right")
        await seen.wait_for("nothing is remembered yet")
        await seen.press("right")
        await seen.wait_for("workspace")
        await seen.press("left", "escape")
        assert seen.app.screen is seen.home


@pytest.mark.real
async def test_it_follows_a_task_and_sums_what_it_costs(client: Client, place: Path) -> None:
    options = {"seed": 5, "pace": 0, "turns": 2, "ask": "always"}
    task = create(client, "sort\nthe list", place, agent="demo", agent_options=options)
    reach(client, task.id, TaskState.WAITING)
    async with dashboard(client) as seen:
        await seen.press("d")
        await seen.wait_for("◆ waiting", "asks", "sort")
        assert isinstance(seen.app.screen, TaskDetailsScreen)
        await seen.press("8")
        await seen.wait_for("the list")
        await seen.press("1")
        client.cancel_task(task.id)
        await seen.wait_for("– cancelled", "cancelled by the user", "1   c-")
        await seen.press("5")
        await seen.wait_for("task.cancel_requested")
        await seen.press("7")
        total = client.task(task.id).cost_usd
        assert total
        await seen.wait_for(f"${total:.4f}")


@pytest.mark.real
async def test_text_of_others_is_text_there_too(client: Client, place: Path) -> None:
    task = create(client, "true a\x1b[31mred\x07 [bold]b[/]", place)
    async with dashboard(client) as seen:
        seen.home.tasks.select(task.id)
        await seen.press("d", "8")
        await seen.wait_for("[bold]b[/]")
        assert not any("\x1b" in line or "\x07" in line for line in seen.lines())


@pytest.mark.long
@pytest.mark.real
async def test_what_is_remembered_of_its_project_is_shown_and_edited(client: Client, place: Path) -> None:
    client.remember(str(place), "- the cache is [b]cold[/]\n")
    task = create(client, "sleep 600", place)
    async with dashboard(client) as seen:
        seen.home.tasks.select(task.id)
        await seen.press("d", "9")
        await seen.wait_for("- the cache is [b]cold[/]", str(place)[:40])
        await seen.press("e")
        await seen.wait_for("Ctrl+S keeps it")
        await seen.type("warm ")
        await seen.press("escape")
        await seen.wait_for("Esc again drops it")
        await seen.press("ctrl+s")
        await seen.wait_for("The next session is told so.", "warm - the cache is")
        await seen.press("e")
        await seen.wait_for("Ctrl+S keeps it")
        await seen.type("x")
        await seen.press("escape", "escape")
        await seen.wait_gone("Ctrl+S keeps it")
        found = client.memory(str(place))
        assert found is not None
        assert found.text == "warm - the cache is [b]cold[/]\n"
        await seen.press("e")
        await seen.wait_for("Ctrl+S keeps it")
        await seen.press("f7", "delete", "ctrl+s")
        await seen.wait_for("It is forgotten.", "nothing is remembered yet")
    assert client.memory(str(place)) is None


@pytest.mark.real
async def test_a_memory_that_cannot_be_kept_is_not_lost(client: Client, place: Path) -> None:
    task = create(client, "sleep 600", place)
    async with dashboard(client) as seen:
        seen.home.tasks.select(task.id)
        await seen.press("d", "9", "e")
        await seen.wait_for("Ctrl+S keeps it")
        seen.app.screen.query_one(TextArea).text = "typed " * 3000
        await seen.press("ctrl+s")
        await seen.wait_for("E100", "more than 16000", "typed typed")
        seen.app.screen.query_one(TextArea).text = "short"
        await seen.press("ctrl+s")
        await seen.wait_for("The next session is told so.")
    found = client.memory(str(place))
    assert found is not None
    assert found.text == "short"


async def test_a_workspace_of_its_own_has_no_memory(client: Client) -> None:
    task = create(client, "sleep 600", None, workspace_mode="empty")
    async with dashboard(client) as seen:
        seen.home.tasks.select(task.id)
        await seen.press("d", "9")
        await seen.wait_for("so nothing is remembered for it")
        await seen.press("e")
        await seen.wait_for("Nothing is remembered for a workspace of its own alone.")
