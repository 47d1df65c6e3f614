"""The gate of a merge among the tasks of the fleet: it is seen that nobody asked for it as a task."""

from __future__ import annotations

from parhelia_tui.core.model.states import TaskState
from tests.dashboard.conftest import Opens
from tests.support.still_fleet import DONE, NOW, StillFleet
from tests.support.store import make_task

GATE = "t-0000000a"


async def test_a_gate_is_called_one_and_says_of_which_task(still: StillFleet, opened: Opens) -> None:
    still.add(
        make_task(
            GATE,
            title="gate of parhelia/t-00000005",
            slug="gate-of",
            prompt="make check",
            state=TaskState.COMPLETED,
            created_at=NOW,
            started_at=NOW,
            finished_at=NOW,
            exit_code=0,
            gate_of=DONE,
        )
    )
    async with opened() as seen:
        await seen.wait_for("gate of parhelia/t-00000005")
        assert " gate " in seen.line_with("gate of parhelia/t-00000005").partition("parhelia/t-00000005")[2]
        await seen.press("slash")
        await seen.type("!agent:gate state:completed")
        await seen.press("enter")
        await seen.wait_gone("gate of parhelia/t-00000005")
        await seen.press("escape")
        await seen.wait_for("gate of parhelia/t-00000005")
        seen.home.tasks.select(GATE)
        await seen.press("d")
        await seen.wait_for(f"gate of     {DONE}")
