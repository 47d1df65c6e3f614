"""The history as a screen: followed, filtered, played, and a way to what an event is about."""

from __future__ import annotations

import pytest

from parhelia_tui.core.store import events
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.screens import events as shown
from parhelia_tui.screens.container import ContainerScreen
from parhelia_tui.screens.events import EventsScreen
from parhelia_tui.screens.task_details import TaskDetailsScreen
from parhelia_tui.screens.time_travel import TimeTravelScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import LIVE, NOW, PORTS, StillFleet


def history_of(seen: Dashboard) -> EventsScreen:
    assert isinstance(seen.app.screen, EventsScreen)
    return seen.app.screen


def tell(still: StillFleet, type: str, message: str, **about: object) -> None:
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        events.append(tx, type, message, at=NOW, **about)  # type: ignore[arg-type]
    db.close()


@pytest.mark.long
async def test_it_follows_and_filters_by_type_level_and_words(opened: Opens, still: StillFleet) -> None:
    async with opened() as seen:
        await seen.press("E")
        await seen.wait_for(
            "6 ▪ follows ▪ all types ▪ all levels", "container.degraded", "Write the migration"
        )
        tell(still, "agent.outcome", "ended [b]well[/] \x1b[2J", task_id=PORTS)
        await seen.wait_for("7 ▪ follows", "ended [b]well[/]")
        await seen.press("l", "l")
        await seen.wait_for("1 ▪ follows ▪ all types ▪ from warning on", "2 heartbeats missed")
        await seen.press("l")
        await seen.wait_for("No event passes.")
        await seen.press("l", "t")
        await seen.wait_for("5 ▪ follows ▪ task ▪ all levels")
        for _ in range(9):
            await seen.press("t")
        await seen.wait_for("7 ▪ follows ▪ all types")
        await seen.press("slash")
        await seen.type("heartbeats")
        await seen.wait_for("1 ▪ follows ▪ all types ▪ all levels ▪ heartbeats")
        await seen.press("escape")
        await seen.wait_for("7 ▪ follows ▪ all types ▪ all levels ")
        await seen.press("up")
        await seen.wait_for("7 ▪ stands still")
        chosen = history_of(seen).table.key
        tell(still, "task.running", "it runs again", task_id=PORTS)
        await seen.wait_for("8 ▪ stands still")
        assert history_of(seen).table.key == chosen
        await seen.press("f")
        await seen.wait_for("8 ▪ follows")
        await seen.press("question_mark")
        await seen.wait_for("the whole dashboard at its moment")
        await seen.press("escape", "escape")
        assert seen.app.screen is seen.home


async def test_they_are_played_as_they_came(opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "PLAY_MOST_S", 3600.0)
    async with opened() as seen:
        await seen.press("E")
        await seen.wait_for("6 ▪ follows")
        await seen.press("p")
        await seen.wait_for("plays 1 of 6")
        assert not seen.shows("Write the migration")
        await seen.press("p")
        await seen.wait_for("6 ▪ stands still")
        monkeypatch.setattr(shown, "PLAY_MOST_S", 0.0)
        await seen.press("k", "k", "p")
        await seen.wait_for("6 ▪ follows")


async def test_enter_opens_what_it_is_about_and_another_key_its_moment(
    opened: Opens, still: StillFleet
) -> None:
    async with opened() as seen:
        tell(still, "controller.started", "a controller began")
        tell(still, "container.leftover_ended", "it was left over", container_id=LIVE[PORTS])
        tell(still, "task.running", "it runs", task_id=PORTS)
        await seen.press("E")
        await seen.wait_for("9 ▪ follows")
        await seen.press("enter")
        await seen.wait(lambda: isinstance(seen.app.screen, TaskDetailsScreen))
        await seen.press("escape", "up", "enter")
        await seen.wait(lambda: isinstance(seen.app.screen, ContainerScreen))
        await seen.press("escape", "up", "enter")
        await seen.wait_for("This event is about no task and no container.")
        await seen.press("T")
        await seen.wait(lambda: isinstance(seen.app.screen, TimeTravelScreen))
        await seen.wait_for("THE PAST ▪ 2026-03-05", "0s ago")
