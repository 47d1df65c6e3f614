"""Every way out of every screen and dialog."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import WorkerState

from parhelia_tui.widgets.painted_modal import PaintedModal
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import FAILED, StillFleet
from tests.support.ways import WAYS, go

LEAVES = {
    "Arrange": "escape q v",
    "Ask": "escape",
    "CheckpointPage": "escape q",
    "Checkpoints": "escape q",
    "CommandLine": "escape",
    "CommandOutput": "escape q ctrl+c",
    "Confirm": "n escape",
    "Container": "escape q",
    "EditText": "escape",
    "Events": "escape q E",
    "FileDiff": "escape q",
    "Help": "escape question_mark q enter",
    "Hosts": "escape q h",
    "Inbox": "escape q i",
    "Log": "escape q l",
    "NewTask": "escape",
    "PastTask": "escape q",
    "Pulses": "escape q P",
    "Recover": "escape q",
    "Settings": "q S",
    "TaskDetails": "escape q d",
    "TimeTravel": "escape q T",
    "Trash": "escape q U",
    "Tree": "escape q B",
    "Wall": "escape w q",
}
DEEPEST = 4
"""More screens than lie over the home screen in any of these."""


def test_each_screen_has_a_way_out() -> None:
    assert LEAVES.keys() == WAYS.keys() - {"Home"}


def on_top(seen: Dashboard, screen: Screen[Any]) -> bool:
    return seen.app.screen is screen


@pytest.mark.long
@pytest.mark.parametrize("name", LEAVES)
async def test_each_way_out_leads_back(name: str, still: StillFleet, tmp_path: Path, opened: Opens) -> None:
    way = WAYS[name]
    way.before(still, tmp_path)
    async with opened() as seen:
        for key in LEAVES[name].split():
            await go(seen.pilot, seen.app, way)
            screen, below = seen.app.screen, seen.app.screen_stack[-2]
            assert type(screen).__name__ == f"{name}Screen"
            await seen.press(key)
            await seen.wait(partial(on_top, seen, below))
            for _ in range(DEEPEST):
                if seen.app.screen is not seen.home:
                    await seen.press("escape")
            assert seen.app.screen is seen.home


async def test_the_words_of_a_filter_are_forgotten_before_the_settings_are_left(opened: Opens) -> None:
    async with opened() as seen:
        await go(seen.pilot, seen.app, WAYS["Settings"])
        screen = seen.app.screen
        await seen.press("escape")
        await seen.wait_for("policy.allow")
        assert seen.app.screen is screen
        await seen.press("escape")
        await seen.wait(lambda: seen.app.screen is seen.home)


async def test_the_screen_that_says_too_small_leaves_by_q(opened: Opens) -> None:
    async with opened((60, 20)) as seen:
        await seen.wait_for("make it larger")
        await seen.press("q")
        await seen.wait(lambda: not seen.app.is_running)


@pytest.mark.parametrize("turns", [0, 6, 18, 26, 28, 30, 32, 34, 36, 38])
@pytest.mark.parametrize("key", ["n", "colon", "i"])
async def test_leaving_while_a_screen_opens_is_no_fault(key: str, turns: int, opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        seen.burst(key)
        for _ in range(turns):
            await asyncio.sleep(0)
        seen.app.exit()
        await seen.wait(lambda: not seen.app.is_running)
    assert seen.app.return_code == 0


class Part(Static):
    """Tells when it is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self.went = asyncio.Event()

    def on_unmount(self) -> None:
        self.went.set()


class Looks(Vertical):
    """Looks for its part when that has just gone, as what comes from a thread may."""

    def compose(self) -> ComposeResult:
        yield Part()

    def on_mount(self) -> None:
        self.looking = self.run_worker(self._look())

    async def _look(self) -> None:
        await self.query_one(Part).went.wait()
        self.query_one(Part).update("found")


class LooksScreen(PaintedModal[None]):
    """Has a widget that looks for its part."""

    def compose(self) -> ComposeResult:
        yield Looks()


@pytest.mark.parametrize("leaves", ["the screen", "the widget"])
async def test_what_is_taken_away_looks_for_none_of_its_parts(leaves: str, opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        front = LooksScreen()
        await seen.app.push_screen(front)
        looks = front.query_one(Looks)
        await seen.wait(lambda: looks.looking.is_running)
        if leaves == "the screen":
            front.dismiss()
        else:
            looks.remove()
        await seen.wait(lambda: looks.looking.is_finished)
    assert looks.looking.state is WorkerState.CANCELLED


@contextmanager
def everybody_busy() -> Iterator[None]:
    """Let nothing that is done beside the loop begin before this is left."""
    go_on, loop = threading.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    loop.run_in_executor(None, go_on.wait, 60)
    try:
        yield
    finally:
        go_on.set()


async def test_what_was_asked_for_is_done_though_its_screen_was_left_before(
    still: StillFleet, tmp_path: Path, opened: Opens
) -> None:
    way = WAYS["Checkpoints"]
    way.before(still, tmp_path)

    def protected() -> list[bool]:
        with closing(still.client()) as door:
            return [each.protected for each in door.checkpoints.of(door.task(FAILED), limit=100)]

    before = protected()
    async with opened() as seen:
        await go(seen.pilot, seen.app, way)
        with everybody_busy():
            seen.burst("p", "escape")
            await seen.wait(lambda: seen.app.screen is seen.home)
        await seen.wait(lambda: protected() != before)


async def test_what_was_written_is_kept_though_its_screen_was_left_before(
    still: StillFleet, tmp_path: Path, opened: Opens
) -> None:
    way = WAYS["EditText"]
    way.before(still, tmp_path)

    def kept() -> bool:
        with closing(still.client()) as door:
            found = door.memory("/srv/project")
        return found is not None and found.text.startswith("first# Parser")

    async with opened() as seen:
        await go(seen.pilot, seen.app, way)
        with everybody_busy():
            seen.burst(*"first", "ctrl+s", "q")
            await seen.wait(lambda: seen.app.screen is seen.home)
        await seen.wait(kept)
