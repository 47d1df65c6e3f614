"""Checkpoints by keys, over a real container: take, compare, roll back, restore, resume, note, protect, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.dashboard import Dashboard, dashboard
from tests.support.fleet import RELEASE, create, end_of, reach, workspace
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


@asynccontextmanager
async def at_work(client: Client, place: Path) -> AsyncIterator[Dashboard]:
    """A running task with one file, a checkpoint of it, and the screen of its checkpoints open."""
    task = create(client, f"echo one > one; {RELEASE}", place)
    reach(client, task.id, TaskState.RUNNING)
    wait_until((place / "one").exists, 20)
    async with dashboard(client) as seen:
        await seen.wait_for("running")
        await seen.press("c")
        await seen.wait_for("Checkpoint cp-", "1 of 1 files changed")
        await seen.press("C")
        await seen.wait_for("checkpoints", "manual")
        yield seen


async def test_what_changed_since_is_seen_down_to_the_line_and_goes_by_a_rollback(
    client: Client, tmp_path: Path
) -> None:
    place = workspace(tmp_path)
    async with at_work(client, place) as seen:
        await seen.wait_for("Nothing differs.")
        (place / "one").write_text("changed\n")
        (place / "two").write_text("2")
        await seen.press("b", "b")
        await seen.wait_line("one  ", "M  one")
        assert seen.line_with("two").split()[:3] != []
        await seen.press("tab", "end")
        await seen.press("enter")
        await seen.wait_for("-one", "+changed")
        await seen.press("escape", "R")
        await seen.wait_for("Bring the workspace back to cp-", "2 files differ from it now", "can be undone")
        await seen.press("n")
        assert (place / "two").exists()
        await seen.press("R", "y")
        await seen.wait_for("The workspace is as it was at cp-", "rollback")
        assert (place / "one").read_text() == "one\n"
        assert not (place / "two").exists()


@pytest.mark.long
async def test_a_checkpoint_is_noted_protected_restored_and_deleted(client: Client, tmp_path: Path) -> None:
    place = workspace(tmp_path)
    async with at_work(client, place) as seen:
        await seen.press("m")
        await seen.type("good")
        await seen.press("enter")
        await seen.wait_for("manual", "good")
        await seen.press("p")
        await seen.wait_for("protected good")
        await seen.press("delete", "y")
        await seen.wait_for("E103", "is protected")
        await seen.press("o")
        await seen.type(str(tmp_path / "then"))
        await seen.press("enter")
        await seen.wait_for("1 files lie in")
        assert (tmp_path / "then" / "one").read_text() == "one\n"
        await seen.press("p")
        await seen.wait_gone("protected good")
        await seen.press("delete", "y")
        await seen.wait_for("No checkpoints yet.")
        await seen.press("escape")
        await seen.wait_for("Tasks")


@pytest.mark.long
async def test_an_ended_task_goes_on_and_one_at_work_says_why_not(client: Client, tmp_path: Path) -> None:
    place = workspace(tmp_path)
    async with at_work(client, place) as seen:
        await seen.press("u")
        await seen.wait_for("The task is running; only one that has ended goes on from a checkpoint.")
        (place / "go").touch()
        task = client.tasks()[0]
        end_of(client, task.id)
        await seen.wait_for("▪ completed ▪")
        await seen.press("b", "b")
        await seen.wait_for("A  go")
        await seen.press("question_mark")
        await seen.wait_for("a task of its own goes on from it, in a new container")
        await seen.press("escape", "d")
        await seen.wait_for("▪ checkpoint", "stood still", "python3")
        await seen.press("escape", "n")
        await seen.wait_for("Start a task of its own from cp-")
        await seen.press("n")
        assert len(client.tasks()) == 1
        await seen.press("n", "y")
        await seen.wait(lambda: len(client.tasks()) == 2)
        other = next(each for each in client.tasks() if each.id != task.id)
        await seen.wait_for(f"{other.id} goes on from cp-")
        reach(client, other.id, TaskState.RUNNING)
        # Its command begins anew, and empties the file first.
        await seen.wait(lambda: (Path(other.workspace) / "one").read_text() == "one\n")
        await seen.press("u")
        await seen.wait_for("A new container is made")
        await seen.press("y")
        await seen.wait_for(f"{task.id} goes on from cp-")
        await seen.wait(lambda: client.task(task.id).attempt == 2)
        await seen.wait(lambda: not (place / "go").exists())
        reach(client, task.id, TaskState.RUNNING)


@pytest.mark.long
async def test_after_a_failure_it_is_told_what_happened_and_how_one_may_go_on(
    client: Client, tmp_path: Path
) -> None:
    place = workspace(tmp_path)
    task = create(client, "echo words; test -e good && sleep 600; echo x > good; exit 3", place)
    end_of(client, task.id)
    async with dashboard(client) as seen:
        await seen.press("4", "C")
        await seen.wait_for("No checkpoints yet.")
        await seen.press("f")
        await seen.wait_for("failed", "exit code 3", "there is no checkpoint", "begin anew")
        await seen.press("u")
        await seen.wait_for("What now")
        await seen.press("l")
        await seen.wait_for("▪ output", "words")
        await seen.press("escape", "c")
        await seen.wait_for("manual")
        await seen.press("f")
        await seen.wait_for("last good   cp-", "go on from the last good state")
        await seen.press("R")
        await seen.wait_for("Bring the workspace back to cp-")
        await seen.press("n", "f")
        await seen.wait_for("What now")
        await seen.press("u")
        await seen.wait_for("A new container is made")
        await seen.press("y")
        await seen.wait(lambda: client.task(task.id).attempt == 2)
        reach(client, task.id, TaskState.RUNNING)
        await seen.press("f")
        await seen.wait_for("What now", "bring the workspace back to it")
        await seen.wait_gone("begin anew")
