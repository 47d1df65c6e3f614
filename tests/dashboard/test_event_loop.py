"""Nothing holds the event loop longer than a frame may last: neither the dashboard's own code nor Textual's for it.

What counts is processor time of a turn in the loop, layouts and paints with it, so that a busy machine changes little,
and the best of some rounds: the first of them imports what an act needs. What would be waited for, the store, files
and processes, is not touched in that thread at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import pytest

from parhelia_tui import views
from parhelia_tui.core.client import Client
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.task_order import Value
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.loop_io import loop_io
from tests.support.loop_watch import Held, watched_loop
from tests.support.still_fleet import StillFleet
from tests.support.store import make_task

HELD_S = 0.020
ROUNDS = 4
MANY = 300
SIZES = ((80, 24), (200, 60))
ACTS: dict[str, tuple[str, ...]] = {
    "cursor": ("down", "G", "g"),
    "sort": ("5", "0"),
    "filter": ("slash", "s", "t", "escape"),
    "marks": ("space", "m", "m", "escape"),
    "panes": ("tab", "z", "z", "shift+tab"),
    "faults": ("ctrl+z", "ctrl+z"),
    "help": ("question_mark", "escape"),
    "form": ("n", "l", "escape"),
    "inbox": ("i", "escape"),
    "task": ("d", "4", "5", "escape"),
    "events": ("E", "escape"),
    "wall": ("w", "escape"),
    "tree": ("B", "escape"),
    "pulses": ("P", "escape"),
    "settings": ("S", "escape"),
    "checkpoints": ("C", "escape"),
    "past": ("T", "escape"),
    "view": ("v", "escape"),
    "line of commands": ("colon", "c", "escape"),
    "palette": ("ctrl+p", "h", "escape"),
}

OFTEN = ("cursor", "sort", "filter", "marks", "task")


async def longest(seen: Dashboard, held: Held, keys: tuple[str, ...]) -> tuple[float, str]:
    """Press keys and come back, some times; give the best round's longest stretch."""
    found = []
    for _ in range(ROUNDS):
        held.begin()
        await seen.press(*keys)
        await seen.wait(lambda: seen.app.screen is seen.home)
        found.append((held.seconds, held.by))
        if held.seconds < HELD_S:
            break
    return min(found)


async def look_at(
    opened: Opens, still: StillFleet, size: tuple[int, int], names: Iterable[str]
) -> dict[str, tuple[float, str]]:
    """Do acts over a fleet of some hundred tasks; give the longest stretch of each."""
    still.add(*(make_task(f"t-{0x1000 + number:08x}", title=f"task {number}") for number in range(MANY)))
    # Every screen is there to be measured.
    views.views()
    with watched_loop() as held:
        async with opened(size) as seen:
            await seen.wait(lambda: len(seen.home.fleet.tasks) > MANY)
            return {name: await longest(seen, held, ACTS[name]) for name in names}


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_no_act_of_every_minute_holds_the_loop(
    opened: Opens, still: StillFleet, size: tuple[int, int]
) -> None:
    found = await look_at(opened, still, size, OFTEN)
    assert {name: each for name, each in found.items() if each[0] >= HELD_S} == {}


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_no_ordinary_act_holds_the_loop(
    opened: Opens, still: StillFleet, size: tuple[int, int]
) -> None:
    found = await look_at(opened, still, size, [name for name in ACTS if name not in OFTEN])
    assert {name: each for name, each in found.items() if each[0] >= HELD_S} == {}


async def test_an_act_that_holds_the_loop_is_found(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = FleetView.sort_tasks

    def slow(self: FleetView, value: Value | None, *, from_end: bool) -> None:
        spin(2 * HELD_S)
        usual(self, value, from_end=from_end)

    monkeypatch.setattr(FleetView, "sort_tasks", slow)
    with watched_loop() as held:
        async with opened() as seen:
            seconds, by = await longest(seen, held, ACTS["sort"])
    assert seconds >= 2 * HELD_S
    # A key does what it does in the task of the app.
    assert "ParheliaApp" in by


WAITS_FOR_NOBODY: dict[str, tuple[str, ...]] = {
    **ACTS,
    "hosts": ("h", "escape"),
    "budget": ("dollar_sign", "escape"),
    "output": ("l", "escape"),
    "trash": ("U", "escape"),
    "an answer": ("i", "d", "escape", "escape"),
    "tabs of a task": ("d", *"23456789", "escape"),
    "a container": ("tab", "d", "escape", "shift+tab"),
    "a form that is sent": ("n", *"true", "enter"),
    "told": ("t", *"go", "enter"),
    "cancelled": ("x", "y"),
    "taken back": ("D", "u"),
    "view": ("v", "space", "space", "escape"),
    "marked": ("space", "m", "m", "escape"),
    "copied": ("y",),
}


@pytest.mark.long
async def test_no_act_waits_for_the_store_a_file_or_a_process(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "wake", lambda self: None)
    still.ask()
    with loop_io(monkeypatch) as io:
        async with opened() as seen:
            with io.watched():
                for name, keys in WAITS_FOR_NOBODY.items():
                    for key in keys:
                        await seen.press(key)
                        await settled(seen)
                    await seen.wait(lambda: seen.app.screen is seen.home)
                    assert io.found == set(), name


async def settled(seen: Dashboard) -> None:
    """Wait until what was begun by a key has gone through the loop a few times."""
    for _ in range(5):
        await seen.pilot.pause()


async def test_what_waits_in_the_loop_is_found(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reads(self: FleetView, value: Value | None, *, from_end: bool) -> None:
        still.paths.database.read_bytes()
        door.tasks()

    door = still.client()
    door.tasks()
    monkeypatch.setattr(FleetView, "sort_tasks", reads)
    with loop_io(monkeypatch) as io:
        async with opened() as seen:
            with io.watched():
                await seen.press("5")
    assert {each.split(" in ")[0] for each in io.found} == {"open", "the store"}
    door.close()


async def test_a_task_is_measured_from_pause_to_pause() -> None:
    async def works() -> None:
        for _ in range(3):
            spin(0.6 * HELD_S)
            await asyncio.sleep(0)

    with watched_loop() as held:
        await asyncio.create_task(works(), name="works")
    assert held.by == "works"
    assert 0.6 * HELD_S <= held.seconds < 1.2 * HELD_S


def spin(seconds: float) -> None:
    """Use the processor."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
