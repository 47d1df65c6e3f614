"""A task with several targets, by the keys of the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Select, TextArea

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens.new_task import NewTaskScreen
from parhelia_tui.screens.wall import WallScreen
from tests.support.dashboard import dashboard
from tests.support.fleet import RELEASE, reach, workspace
from tests.support.product import Product

DEADLINE_S = 60.0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory to work on."""
    return workspace(tmp_path)


@pytest.mark.real
async def test_a_group_is_made_opened_and_cancelled_by_keys(
    product: Product, client: Client, place: Path
) -> None:
    async with dashboard(client, (80, 24)) as seen:
        await seen.press("n")
        form = seen.app.screen
        assert isinstance(form, NewTaskScreen)
        assert not form.query_one("#several").display
        await seen.wait(lambda: form._make is not None)
        form.query_one("#workspace", Input).value = str(place)
        form.query_one("#prompt", TextArea).insert(f"{RELEASE} # {{target}}")
        await seen.wait_for("Targets, with blanks between")
        # Several that write into one directory would write over each other.
        assert form.query_one("#mode", Select).value == "clone"
        targets = form.query_one("#targets", Input)
        targets.value = "a.py a.py"
        targets.focus()
        await seen.press("enter")
        await seen.wait_for("the target 'a.py' stands twice")
        targets.value = "a.py 'b c.py'"
        await seen.press("enter")
        await seen.wait_for("0 of 2 done")
        (group,) = [task for task in client.tasks() if task.is_group]
        parts = client.parts(group.id)
        assert [part.target for part in parts] == ["a.py", "b c.py"]
        for part in parts:
            reach(client, part.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
        await seen.wait(lambda: seen.home.fleet.task_keys() == [group.id])
        await seen.press("a")
        assert "Enter shows its parts" in seen.said()
        await seen.press("w")
        wall = seen.app.screen
        assert isinstance(wall, WallScreen)
        await seen.press("escape")

        await seen.press("enter")
        await seen.wait(lambda: set(seen.home.fleet.task_keys()) == {group.id, *(part.id for part in parts)})
        await seen.press("escape")
        await seen.wait(lambda: seen.home.fleet.task_keys() == [group.id])
        (product.paths.workspaces / parts[0].id / "go").touch()
        await seen.wait_for("1 of 2 done")
        await seen.press("x")
        await seen.wait_for("1 of its 2 parts has not ended", "Cancel 1 task")
        await seen.press("y")
        await seen.wait_for("– cancelled", "2 of 2 done")
    ended = reach(client, group.id, TaskState.CANCELLED, deadline_s=DEADLINE_S)
    assert ended.reason == "1 of 2 completed; cancelled: b c.py (cancelled by the user)"
