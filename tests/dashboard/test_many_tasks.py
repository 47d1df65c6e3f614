"""More tasks than the first frame is made of."""

from __future__ import annotations

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.fleet import TASKS_FIRST
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.dashboard import dashboard
from tests.support.store import make_task

COUNT = 3 * TASKS_FIRST


def fill(client: Client) -> None:
    private_directory(client.paths.home)
    db = open_migrated(client.paths.database)
    with writing(db) as tx:
        for number in range(COUNT):
            state = TaskState.NEEDS_REVIEW if number == 1 else TaskState.COMPLETED
            tasks.add(
                tx,
                make_task(
                    f"t-{number:08x}",
                    title=f"Task number {number:04d}",
                    slug=f"task-{number}",
                    state=state,
                    created_at=1000.0 + number,
                ),
            )
    db.close()


def test_the_first_frame_has_who_waits_and_the_newest(client: Client) -> None:
    fill(client)
    first = [task.id for task in client.snapshot().tasks]
    assert first[0] == "t-00000001"
    assert first[1:] == [f"t-{COUNT - 1 - number:08x}" for number in range(TASKS_FIRST)]
    pieces, than = [], None
    while piece := client.older_tasks(than, 250):
        pieces.append([task.id for task in piece])
        than = piece[-1].created_at, piece[-1].id
    assert [each for piece in pieces for each in piece] == [f"t-{COUNT - 1 - n:08x}" for n in range(COUNT)]


async def test_the_others_are_there_a_moment_later_and_a_filter_finds_them(
    client: Client,
) -> None:
    fill(client)
    async with dashboard(client) as seen:
        assert seen.shows(f"Tasks ▪ {COUNT}", "Task number 0001")
        await seen.wait(lambda: len(seen.home.fleet.tasks) == COUNT)
        await seen.press("G")
        await seen.wait_for("Task number 0000")
        await seen.press("slash")
        await seen.type("title:0009")
        await seen.wait_for("Task number 0009", f"1 of {COUNT}: title:0009")
        await seen.press("escape")
        await seen.press("escape")
        await seen.wait_for(f"Tasks ▪ {COUNT}")
