"""Draw docs/pictures from the running dashboard over a small live fleet: `make pictures`."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from bench.home import benchmark_home
from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens.home import HomeScreen
from parhelia_tui.screens.new_task import NewTaskScreen

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIZE = 120, 36
DEADLINE_S = 180.0
BEATS = 20
FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def main() -> None:
    """Start the fleet, wait until there is something to see, and draw."""
    PICTURES.mkdir(exist_ok=True)
    variables = {"PARHELIA_HEALTH__HEARTBEAT_S": "1", "COLORTERM": "truecolor"}
    with benchmark_home(**variables) as client, tempfile.TemporaryDirectory() as home:
        # The form shows a directory; it is to be one that anybody could have.
        project = Path(home) / "project"
        project.mkdir()
        os.environ["HOME"] = home
        os.chdir(project)
        make = client.request_maker()
        client.create_tasks([make(each) for each in client.demo_requests(6, 7)])
        asyncio.run(_draw(client))


async def _draw(client: Client) -> None:
    app = ParheliaApp(client, client.snapshot())
    async with app.run_test(size=SIZE) as pilot:
        home = app.screen_stack[1]
        assert isinstance(home, HomeScreen)
        fleet = home.fleet
        await _until(
            lambda: (
                fleet.count(TaskState.WAITING) == 1
                and fleet.count(TaskState.RUNNING) >= 3
                and fleet.totals.spent_today_usd > 0.05
                and max(map(len, fleet.beats.values()), default=0) >= BEATS
            )
        )
        await pilot.press("home")
        await _until(lambda: len(home.terminal.view._lines) > 5)
        await _save(pilot, "home")
        await pilot.press("tab", "tab", "tab", "tab", "tab", "z")
        await _save(pilot, "task")
        await pilot.press("z", "tab", "question_mark")
        await _save(pilot, "keys")
        await pilot.press("escape", "n")
        form = app.screen
        assert isinstance(form, NewTaskScreen)
        await _until(lambda: form._make is not None)
        form.query_one("#workspace", Input).value = "~/project"
        await pilot.press(*"make", "space", *"test")
        await _save(pilot, "new-task")
        await pilot.press("escape")


async def _save(pilot: Pilot[None], name: str) -> None:
    await pilot.pause()
    # The font is whatever fixed one the reader has: nothing is fetched for a picture.
    svg = FONT_FACE.sub("", pilot.app.export_screenshot(title="parhelia"))
    (PICTURES / f"{name}.svg").write_text(svg)


async def _until(condition: Callable[[], bool]) -> None:
    end = asyncio.get_running_loop().time() + DEADLINE_S
    while not condition():
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError("the fleet did not become what is to be seen")
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
