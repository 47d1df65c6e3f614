"""On the running dashboard what changes by itself gives way to keys, and all of it is shown."""

from __future__ import annotations

import pytest

from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.dashboard.conftest import Opens
from tests.support.still_fleet import LIVE, WAITS, StillFleet


async def test_a_key_is_known_before_the_loop_gets_to_it(opened: Opens) -> None:
    async with opened() as seen:
        assert not seen.home.keys_first.come
        await seen.press("j")
        assert seen.home.keys_first.come


async def test_the_other_panes_are_painted_after_a_key_and_then_one_at_a_time(opened: Opens) -> None:
    async with opened() as seen:
        home = seen.home
        dirty = {home.tasks, home.terminal, home.containers, home.heartbeats}
        assert home.held_back(dirty) == set()
        waits = [True]
        home.keys_first.lie_ready = lambda: waits[0]
        assert home.held_back(dirty) == {home.containers, home.heartbeats}
        home.containers.focus()
        await seen.wait(lambda: home.focused is home.containers)
        assert home.held_back(dirty) == {home.heartbeats}
        home.tasks.focus()
        await seen.wait(lambda: home.focused is home.tasks)
        waits[0] = False
        home.keys_first.acted()
        home.painted()
        assert home.held_back(dirty) == {home.containers}
        assert home.held_back({home.containers}) == set()


async def test_a_pane_that_was_held_back_is_painted_in_the_end(
    opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened() as seen:
        home, waits = seen.home, [True]
        await seen.wait(lambda: not home._dirty_widgets)
        monkeypatch.setattr(home, "held_back", lambda dirty: {home.containers} if waits[0] else set())
        home.containers.refresh()
        home.tasks.refresh()
        await seen.wait(lambda: home._dirty_widgets == {home.containers})
        waits[0] = False
        await seen.wait(lambda: not home._dirty_widgets)


async def test_keys_without_end_hide_no_change(opened: Opens, still: StillFleet) -> None:
    async with opened() as seen:
        await seen.wait(lambda: len(seen.home.fleet.beats.get(LIVE[WAITS], ())) == 20)
        seen.home.keys_first.lie_ready = lambda: True
        db = open_migrated(still.paths.database)
        for cost in (88.25, 99.75):
            with writing(db) as tx:
                tasks.update(tx, tasks.get(tx, WAITS), cost_usd=cost)
            await seen.wait_for(f"${cost:.2f}")
        db.close()
