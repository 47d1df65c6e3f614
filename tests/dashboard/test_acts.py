"""What the keys do to real work: cancel, retry, output, attach, leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens.log import LogScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import dashboard
from tests.support.fleet import RELEASE, container_of, create, end_of, reach, shim_pid
from tests.support.product import Product
from tests.support.still_fleet import PORTS, QUEUED
from tests.support.waiting import process_is_there, wait_until

DEADLINE_S = 30.0


async def test_cancel_asks_and_names_what_is_lost_and_what_stays(opened: Opens) -> None:
    async with opened() as seen:
        seen.home.tasks.select(PORTS)
        await seen.press("x")
        await seen.wait_for(
            "Cancel “Port the parser to the new interface”?",
            "It has run for 41m and has cost $1.02. Its processes are ended.",
            "What lies in its workspace stays as it is.",
        )


async def test_cancel_of_what_has_not_begun_says_so(opened: Opens) -> None:
    async with opened() as seen:
        seen.home.tasks.select(QUEUED)
        await seen.press("x")
        await seen.wait_for("It has not begun. It is taken out of the queue.")


@pytest.mark.parametrize("key", ["n", "escape", "enter"])
async def test_the_harmless_answer_is_the_first_and_changes_nothing(key: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("x", key)
        assert seen.app.screen is seen.home
        assert seen.home.chosen is not None
        assert seen.home.chosen.wanted == "run"


@pytest.mark.real
async def test_a_confirmed_cancel_ends_the_processes_and_keeps_the_workspace(
    product: Product, client: Client, place: Path
) -> None:
    task = create(client, "echo kept > kept; sleep 600", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    pid = shim_pid(product, container_of(client, task.id).id)
    async with dashboard(client) as seen:
        await seen.wait(lambda: (place / "kept").exists())
        # The other way to the answer: with the arrows and Enter.
        await seen.press("x", "left", "enter")
        await seen.wait_for("cancelled by the user", "– cancelled")
    assert client.task(task.id).state is TaskState.CANCELLED
    # The supervisor writes down the end, and then has its own last steps.
    wait_until(lambda: not process_is_there(pid), DEADLINE_S)
    assert (place / "kept").read_text() == "kept\n"


@pytest.mark.real
async def test_r_tries_an_ended_task_again(client: Client, place: Path) -> None:
    task = create(client, "[ -e again ] || { touch again; exit 3; }", place)
    assert end_of(client, task.id, DEADLINE_S).exit_code == 3
    async with dashboard(client) as seen:
        await seen.press("r")
        await seen.wait_for("✓ completed")
    assert (client.task(task.id).attempt, client.task(task.id).exit_code) == (2, 0)


@pytest.mark.real
async def test_the_output_of_a_running_task_is_followed_and_that_of_an_ended_one_stays(
    client: Client, place: Path
) -> None:
    task = create(client, f"echo first; {RELEASE}; seq 100 200", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    async with dashboard(client) as seen:
        await seen.press("l")
        await seen.wait_for("first")
        (place / "go").touch()
        await seen.wait_for("200")
        await seen.press("escape")
        await seen.wait_for("✓ completed")
        # Enter opens what there is: an ended task has no terminal.
        await seen.press("enter")
        assert isinstance(seen.app.screen, LogScreen)
        await seen.wait_for("200")
        await seen.press("g")
        await seen.wait_for("first")


@pytest.mark.real
async def test_where_the_terminal_cannot_be_handed_over_the_command_is_named(
    client: Client, place: Path
) -> None:
    task = create(client, "sleep 600", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    async with dashboard(client) as seen:
        await seen.press("a")
        await seen.wait_for(f"Try: parhelia attach {task.id}")


@pytest.mark.real
async def test_a_task_that_asks_comes_first_and_is_said_at_the_top(client: Client, place: Path) -> None:
    for _ in range(2):
        create(client, "sleep 600", place)
    asks = create(
        client,
        "Fix the tests",
        None,
        workspace_mode="empty",
        agent="demo",
        agent_options={"seed": 7, "ask": "always", "pace": 0.0, "turns": 6},
    )
    async with dashboard(client) as seen:
        await seen.wait_for("◆ 1 waits for you", "◆ waiting")
        assert seen.home.tasks._keys[0] == asks.id
        question = client.task(asks.id).question
        assert question
        await seen.press("home")
        await seen.wait_for(f"asks: {question}"[:60])
