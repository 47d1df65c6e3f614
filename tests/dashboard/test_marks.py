"""Marks: several tasks, one question, one act for all of them."""

from __future__ import annotations

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.widgets.row_table import MARK
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import CANCELLED, DONE, FAILED, PORTS, QUEUED, WAITS, WATCHES, StillFleet


def marked(seen: Dashboard) -> list[str]:
    """The rows that show the sign of a mark, whatever their colours."""
    table = seen.home.tasks
    drawn = [table.render_line(number).text for number in range(1, len(table._keys) + 1)]
    return [key for key, line in zip(table._keys, drawn, strict=True) if line.startswith(MARK)]


async def test_space_marks_and_the_marks_stay_through_sorting_and_filtering(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("space", "j", "space")
        assert marked(seen) == [WAITS, WATCHES]
        assert seen.shows(f"Tasks ▪ 7 ▪ {MARK} 2 marked")
        await seen.press("5")
        assert set(marked(seen)) == {WAITS, WATCHES}
        await seen.press("0", "slash", "n", "p", "m", "enter")
        assert marked(seen) == [WATCHES]
        assert seen.shows(f"Tasks ▪ 1 of 7: npm ▪ {MARK} 2 marked")
        await seen.press("m", "escape")
        assert marked(seen) == [WAITS]
        await seen.press("escape")
        assert marked(seen) == []
        await seen.press("m")
        assert len(marked(seen)) == 7
        await seen.press("m", "tab", "space")
        lines = [seen.home.containers.render_line(number).text for number in (1, 2, 3)]
        assert [line[0] for line in lines] == [MARK, " ", " "]
        assert marked(seen) == [WAITS]


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fleet that stands still has no controller that could be woken."""
    monkeypatch.setattr(Client, "wake", lambda self: None)


async def test_one_question_names_how_many_and_what_is_lost_and_all_are_cancelled(
    opened: Opens, still: StillFleet
) -> None:
    door = still.client()
    async with opened() as seen:
        for task_id in (WAITS, PORTS, QUEUED, DONE):
            seen.home.tasks.select(task_id)
            await seen.press("space")
        await seen.press("x")
        assert isinstance(seen.app.screen, ConfirmScreen)
        said = " ".join(" ".join(seen.lines()).replace("│", " ").split())
        for part in (
            "Cancel 3 tasks?",
            "“Write the migration guide”, “Fix the failing cache tests”,",
            "The processes of 2 tasks are ended; the longest has run for 41m;",
            "together they have cost $1.43; 1 is taken out of the queue.",
            "1 marked is left alone: the task is completed already.",
        ):
            assert part in said, said
        await seen.press("n")
        assert {door.task(each).wanted for each in (WAITS, PORTS, QUEUED)} == {"run"}
        assert len(marked(seen)) == 4
        await seen.press("x", "y")
        await seen.wait(lambda: seen.said() == "3 of 3 are being cancelled.")
        assert {door.task(each).wanted for each in (WAITS, PORTS, QUEUED)} == {"cancel"}
        assert door.task(WATCHES).wanted == "run"
        assert marked(seen) == []
    door.close()


async def test_marked_tasks_are_tried_again_after_a_question(opened: Opens, still: StillFleet) -> None:
    door = still.client()
    async with opened() as seen:
        for task_id in (FAILED, CANCELLED):
            seen.home.tasks.select(task_id)
            await seen.press("space")
        await seen.press("r")
        await seen.wait_for("Try again 2 tasks?", "may spend money again")
        await seen.press("y")
        await seen.wait(lambda: seen.said() == "2 of 2 are in the queue again.")
        assert {str(door.task(each).state) for each in (FAILED, CANCELLED)} == {"pending"}
    door.close()


async def test_what_can_be_done_for_none_says_why_and_asks_nothing(opened: Opens) -> None:
    async with opened() as seen:
        for task_id in (FAILED, CANCELLED):
            seen.home.tasks.select(task_id)
            await seen.press("space")
        seen.home.tasks.select(WAITS)
        await seen.press("x")
        assert seen.app.screen is seen.home
        assert seen.said() == "None of 2 marked tasks: the task is failed already."
        await seen.press("t")
        assert seen.app.screen is seen.home


async def test_checkpoints_and_words_for_all_marked_ask_first(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("space", "space", "c")
        await seen.wait_for("Take checkpoints of 2 tasks?", "Nothing is lost")
        await seen.press("n")
        # What is typed at once belongs to the line already.
        seen.burst("t", *"quit")
        await seen.wait_for("What shall 2 tasks be told?", "“Fix the failing cache tests”", "quit")
        await seen.press("escape")
        assert len(marked(seen)) == 2
