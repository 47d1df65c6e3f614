"""The trash: ended tasks are put away and brought back, by keys and commands; what is old in it goes."""

from __future__ import annotations

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.settings.read_only import VARIABLE
from parhelia_tui.core.store import trash
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.screens.task_details import TaskDetailsScreen
from parhelia_tui.screens.trash import TrashScreen
from tests.dashboard.conftest import Opens
from tests.support.product import Product
from tests.support.still_fleet import CANCELLED, DAY, DONE, FAILED, NOW, QUEUED, WAITS, StillFleet
from tests.support.store import make_task


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fleet that stands still has no controller that could be woken."""
    monkeypatch.setattr(Client, "wake", lambda self: None)


async def test_a_key_puts_ended_tasks_away_and_another_brings_them_back(
    opened: Opens, still: StillFleet
) -> None:
    door = still.client()
    async with opened() as seen:
        await seen.press("u")
        assert seen.said() == "There is nothing to take back."
        await seen.press("D")
        assert seen.said() == "The task is waiting; only an ended one is put into the trash."
        seen.home.tasks.select(FAILED)
        await seen.press("D")
        await seen.wait(lambda: seen.said() == "“make release” is in the trash; u brings it back.")
        await seen.wait(lambda: FAILED not in seen.home.fleet.tasks)
        assert seen.shows("Tasks ▪ 6", "0 failed")
        for task_id in (DONE, CANCELLED, WAITS):
            seen.home.tasks.select(task_id)
            await seen.press("space")
        await seen.press("D")
        await seen.wait_for("Tasks ▪ 4")
        assert WAITS in seen.home.fleet.tasks
        await seen.press("u")
        await seen.wait_for("Tasks ▪ 6")
        await seen.press("u")
        await seen.wait_for("Tasks ▪ 7", "1 failed")
        assert door.tasks(trashed=True) == []
    door.close()


async def test_the_cancel_of_what_has_not_begun_is_taken_back(opened: Opens, still: StillFleet) -> None:
    door = still.client()
    async with opened() as seen:
        seen.home.tasks.select(QUEUED)
        await seen.press("x", "y")
        await seen.wait(lambda: seen.said() == "1 task is taken out of the queue; u takes it back.")
        assert door.task(QUEUED).wanted == "cancel"
        await seen.press("u")
        await seen.wait(lambda: door.task(QUEUED).wanted == "run")
    assert door.uncancel_task(CANCELLED).state == "pending"
    with pytest.raises(ParheliaError, match="only a cancel of what has not begun"):
        door.uncancel_task(DONE)
    door.close()


def test_what_has_lain_in_the_trash_for_long_goes_and_nothing_else(still: StillFleet) -> None:
    still.add(make_task("t-0000000a", title="With a checkpoint", state=TaskState.COMPLETED, created_at=NOW))
    door = still.client()
    door.trash_tasks([DONE, FAILED, "t-0000000a"])
    with pytest.raises(ParheliaError, match="in the trash already"):
        door.trash_tasks([DONE])
    door.untrash_tasks([FAILED])
    with pytest.raises(ParheliaError, match="is not in the trash"):
        door.untrash_tasks([FAILED])
    db = open_migrated(still.paths.database)
    db.execute(
        "INSERT INTO checkpoints (id, task_id, container_id, attempt, workspace, state, trigger, created_at, rev)"
        " SELECT 'cp-1', 't-0000000a', 'c-1', 1, '/srv', 'ready', 'manual', 0, 1"
    )
    db.commit()
    with writing(db) as tx:
        assert trash.remove_before(tx, NOW - DAY, 100) == 0
        assert trash.remove_before(tx, NOW + 1, 100) == 1
    assert db.execute("SELECT count(*) FROM ledger").fetchone()[0] == 3
    db.close()
    left = {task.id for task in door.tasks(trashed=True)}
    assert left == {"t-0000000a"}
    with pytest.raises(ParheliaError, match="there is no task"):
        door.task(DONE)
    assert FAILED in {task.id for task in door.tasks()}
    door.close()


async def test_the_screen_brings_back_and_deletes_after_a_question(opened: Opens, still: StillFleet) -> None:
    still.add(make_task("t-0000000a", title="With a checkpoint", state=TaskState.COMPLETED, created_at=NOW))
    db = open_migrated(still.paths.database)
    db.execute(
        "INSERT INTO checkpoints (id, task_id, container_id, attempt, workspace, state, trigger, created_at, rev)"
        " SELECT 'cp-1', 't-0000000a', 'c-1', 1, '/srv', 'ready', 'manual', 0, 1"
    )
    db.commit()
    db.close()
    door = still.client()
    door.trash_tasks([DONE, FAILED, CANCELLED, "t-0000000a"])
    async with opened() as seen:
        assert "Trash" in {each.title for each in seen.app.get_system_commands(seen.home)}
        await seen.press("U")
        trash_screen = seen.app.screen
        assert isinstance(trash_screen, TrashScreen)
        await seen.wait_for("Trash ▪ 4", "make release", "30d")
        trash_screen.table.select(FAILED)
        await seen.press("u")
        await seen.wait_for("“make release” is back.", "Trash ▪ 3")
        assert door.task(FAILED).trashed_at is None
        # The harmless answer is the first one.
        await seen.press("m", "delete")
        await seen.wait_for("Delete 3 tasks for good?", "no key brings")
        await seen.press("enter")
        await seen.wait_for("Trash ▪ 3 ▪ ■ 3 marked")
        await seen.press("delete", "y")
        await seen.wait_for(
            "2 tasks are gone. “With a checkpoint” stays: a checkpoint is left of it.", "Trash ▪ 1"
        )
        await seen.press("space")
        await seen.wait_for("1 marked")
        await seen.press("m", "m", "d")
        await seen.wait(lambda: isinstance(seen.app.screen, TaskDetailsScreen))
        await seen.press("escape", "enter")
        await seen.wait(lambda: isinstance(seen.app.screen, TaskDetailsScreen))
        await seen.press("escape", "u")
        await seen.wait_for("The trash is empty.", "Trash ▪ 0")
        await seen.press("delete")
        await seen.wait_for("The trash is empty. ")
        for key in ("q", "escape", "U"):
            await seen.press(key)
            assert seen.app.screen is seen.home
            await seen.press("U")
    assert {task.id for task in door.tasks(trashed=True)} == set()
    for lost in (DONE, CANCELLED):
        with pytest.raises(ParheliaError, match="there is no task"):
            door.task(lost)
    with pytest.raises(ParheliaError, match="is not in the trash"):
        door.purge_tasks([FAILED])
    door.close()


@pytest.mark.parametrize("key", ["u", "delete"])
async def test_in_the_trash_nothing_is_changed_read_only(
    key: str, opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = still.client()
    door.trash_tasks([DONE])
    monkeypatch.setenv(VARIABLE, "1")
    async with opened() as seen:
        await seen.press("U")
        await seen.wait_for("Trash ▪ 1")
        await seen.press(key)
        await seen.wait_for("The dashboard is read-only.")
    assert door.task(DONE).trashed_at is not None
    door.close()


def test_commands_put_away_list_and_bring_back(product: Product) -> None:
    with_tasks = StillFleet(product.paths.home)
    with_tasks.fill()
    assert (
        product.run("task", "trash", DONE, FAILED).stdout
        == f"{DONE} is in the trash\n{FAILED} is in the trash\n"
    )
    listed = product.run("task", "list").stdout
    assert DONE not in listed
    assert WAITS in listed
    trashed = product.json("task", "list", "--trash")
    assert {each["id"] for each in trashed} == {DONE, FAILED}
    code, error = product.error("task", "trash", WAITS)
    assert (code, error["code"]) == (6, "E103")
    assert product.run("task", "untrash", FAILED).stdout == f"{FAILED} is back: failed\n"
    assert product.run("task", "retry", DONE).returncode == 0
    assert product.json("task", "list", "--trash") == []
    with_tasks.close()
