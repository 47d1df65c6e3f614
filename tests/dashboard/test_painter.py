"""What is painted anew: all that changed, and next to nothing else."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from parhelia_tui import themes
from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.widgets import painter
from parhelia_tui.widgets.painted_modal import PaintedModal
from parhelia_tui.widgets.painted_screen import PaintedScreen
from tests.dashboard.conftest import Opens
from tests.dashboard.test_random_keys import chosen
from tests.support.dashboard import Dashboard
from tests.support.painted import Painted, painted
from tests.support.still_fleet import LIVE, WAITS, StillFleet
from tests.support.store import make_task

SIZES = ((80, 24), (120, 40), (200, 60))
MANY = 150
"""More tasks than any screen has lines."""


def write(still: StillFleet, chance: random.Random) -> None:
    """Change a task and a container, as another process does."""
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        task = chance.choice(tasks.listed(tx))
        tasks.update(tx, task, cost_usd=round(chance.random() * 100, 2))
        containers.update(tx, containers.get(tx, LIVE[WAITS]), cpu_percent=float(chance.randint(0, 99)))
    db.close()


async def same(seen: Dashboard, terminal: Painted, about: str = "") -> None:
    """Wait until the terminal shows what the screen has; it may be about to be painted."""
    try:
        await seen.wait(lambda: not terminal.differs())
    except AssertionError:
        raise AssertionError(about + terminal.differs()) from None


def nothing_is_left(seen: Dashboard) -> bool:
    """Say whether all that is known to have changed is painted: much of it is in pieces."""
    screen = seen.app.screen
    assert isinstance(screen, PaintedScreen)
    waits = screen._layout_required or screen._repaint_required or screen._dirty_widgets
    return not waits and screen._rest is None and not screen._compositor.has_more


async def at_rest(seen: Dashboard) -> None:
    """Wait until all has been painted that follows from opening a screen, each turn of which may ask for another."""
    for _ in range(5):
        await seen.pilot.pause()
        await seen.wait(lambda: nothing_is_left(seen))


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
async def test_what_is_painted_in_pieces_is_the_whole(
    opened: Opens, still: StillFleet, size: tuple[int, int]
) -> None:
    chance = random.Random(size[0])
    still.add(*(replace(make_task(f"t-9{number:07x}"), created_at=5.0 + number) for number in range(MANY)))
    pressed: list[str] = []
    with painted() as terminals:
        async with opened(size) as seen:
            for number in range(24):
                key = chosen(chance, seen)
                pressed.append(key)
                if key == "resize":
                    await seen.pilot.resize_terminal(chance.randint(60, 200), chance.randint(15, 60))
                else:
                    await seen.press(key)
                if number % 5 == 0:
                    write(still, chance)
                if number % 3 == 2:
                    await same(seen, terminals[-1], f"after {pressed}: ")
            assert terminals[-1].pieces


async def test_scrolling_through_many_rows_paints_each_of_them(opened: Opens, still: StillFleet) -> None:
    still.add(*(replace(make_task(f"t-9{number:07x}"), created_at=5.0 + number) for number in range(MANY)))
    chance = random.Random(7)
    with painted() as terminals:
        async with opened((80, 24)) as seen:
            await seen.wait(lambda: len(seen.home.fleet.tasks) >= MANY)
            for key in chance.choices(["pagedown", "j", "j", "k", "pageup", "G", "g"], k=16):
                await seen.press(key)
                write(still, chance)
                await same(seen, terminals[-1])


async def test_of_one_row_that_changed_no_other_part_of_the_screen_is_drawn(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Widget, Region]] = []
    own = Widget.render_lines

    async with opened((200, 60)) as seen:
        table = seen.home.tasks
        await seen.wait(lambda: len(seen.home.fleet.beats.get(LIVE[WAITS], ())) == 20)
        await at_rest(seen)

        def render_lines(widget: Widget, crop: Region) -> list[Strip]:
            asked.append((widget, crop))
            return own(widget, crop)

        def render_rows(crop: Region) -> list[Strip]:
            asked.append((table, crop))
            return type(table).render_lines(table, crop)

        monkeypatch.setattr(Widget, "render_lines", render_lines)
        monkeypatch.setattr(table, "render_lines", render_rows)
        # With the first change goes what was asked for before the screen had been painted once (Textual forgets who
        # asked when it paints all, and not what for); the second is by itself.
        for cost in (77.0, 78.0):
            await at_rest(seen)
            asked.clear()
            db = open_migrated(still.paths.database)
            with writing(db) as tx:
                tasks.update(tx, tasks.get(tx, WAITS), cost_usd=cost)
            db.close()
            await seen.wait(lambda: any(widget is table for widget, _ in asked))
        rows = [crop.height for widget, crop in asked if widget is table]
        assert rows == [1]
        assert not {seen.home, seen.home.sides} & {widget for widget, _ in asked}


async def test_much_that_changed_is_painted_in_pieces_and_the_loop_turns_between_them(
    opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    own = ParheliaApp._display

    def display(app: ParheliaApp, screen: Screen[object], update: Any) -> None:
        happened.append("piece")
        asyncio.get_running_loop().call_soon(happened.append, "turn")
        own(app, screen, update)

    with painted() as terminals:
        async with opened((120, 40)) as seen:
            await same(seen, terminals[-1])
            monkeypatch.setattr(painter, "PIECE_S", 0.0)
            monkeypatch.setattr(ParheliaApp, "_display", display)
            seen.home.refresh()
            pieces = -(-40 // painter.BAND)
            await seen.wait(lambda: happened.count("piece") == pieces)
            await same(seen, terminals[-1])
            assert happened[: 2 * pieces - 1] == ["piece", "turn"] * (pieces - 1) + ["piece"]


@pytest.mark.parametrize("theme", sorted(themes.ALL))
async def test_what_is_seen_through_a_dialog_looks_as_it_did_by_textual(
    opened: Opens, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with painted() as terminals:
        async with opened((120, 40)) as seen:
            seen.app.theme = theme
            await seen.press("x")
            dialog, terminal = seen.app.screen, terminals[-1]
            assert isinstance(dialog, PaintedModal)
            await same(seen, terminal)
            # Without ours Textual draws the screen below: what would be painted as a whole is the same.
            monkeypatch.setattr(PaintedModal, "_below", lambda self: None)
            assert not terminal.differs()


async def test_a_dialog_stands_over_a_screen_that_is_not_laid_out_for_this_terminal_yet(
    opened: Opens,
) -> None:
    async with opened((120, 40)) as seen:
        await seen.press("question_mark")
        dialog, below = seen.app.screen, seen.home._compositor
        assert isinstance(dialog, PaintedModal)
        # As in the moment after the terminal has grown.
        below.size, below._cuts, below._visible_widgets = Size(43, 5), None, None
        assert [strip.cell_length for strip in dialog.render_lines(Region(0, 0, 120, 40))] == [120] * 40


async def test_what_happens_below_a_screen_paints_nothing_and_is_there_afterwards(
    opened: Opens, still: StillFleet
) -> None:
    with painted() as terminals:
        async with opened() as seen:
            await seen.press("U")
            await seen.wait_for("Fleet > Trash")
            await same(seen, terminals[-1])
            await at_rest(seen)
            before = terminals[-1].pieces, terminals[-1].wholes
            db = open_migrated(still.paths.database)
            with writing(db) as tx:
                tasks.update(tx, tasks.get(tx, WAITS), cost_usd=77.25)
            db.close()
            await seen.wait(lambda: seen.home.fleet.tasks[WAITS].cost_usd == 77.25)
            await seen.wait(lambda: not seen.home._dirty_widgets)
            await seen.pilot.pause()
            assert (terminals[-1].pieces, terminals[-1].wholes) == before
            await seen.press("escape")
            await seen.wait_for("$77.25")
            await same(seen, terminals[-1])
