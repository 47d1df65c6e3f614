"""One container as a screen."""

from __future__ import annotations

import dataclasses
import json
from contextlib import closing
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.insides import spool_tail
from parhelia_tui.core.model.states import ContainerState, TaskState
from parhelia_tui.core.store import containers, reached
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.screens.container import ContainerScreen
from parhelia_tui.screens.container_columns import CONTAINER_COLUMNS
from parhelia_tui.screens.container_lines import chart, facts, spool_lines
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.hosts import HostsScreen
from parhelia_tui.screens.task_details import TaskDetailsScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import dashboard
from tests.support.fleet import create, reach
from tests.support.still_fleet import LIVE, NOW, WAITS, StillFleet
from tests.support.waiting import wait_until


def test_a_chart_has_a_gap_where_nobody_counted_and_a_low_line_for_nothing() -> None:
    assert chart([0.0, None, 50.0, 100.0], 100.0, 2) == ["   █", "▁ ██"]
    assert chart([0.0, 0.0], 0.0, 1) == ["▁▁"]


def test_impossible_times_and_depths_of_a_spool_are_shown_as_none(still: StillFleet) -> None:
    place = still.paths.container(LIVE[WAITS])
    place.mkdir(parents=True, exist_ok=True)
    times = ("NaN", "Infinity", "-1", "1" + "0" * 400, "1e300", f"{NOW}")
    lines = [f'{{"seq": 1, "type": "egress", "at": {at}}}' for at in times]
    lines.insert(1, '{"deep": ' + "[" * 5000 + "]" * 5000 + "}")
    (place / "spool.jsonl").write_text("\n".join(lines) + "\n")
    with closing(still.client()) as door:
        found = spool_tail(still.paths, door.container(LIVE[WAITS]), 100)
    assert [each.at for each in found if each.type] == [None, None, None, None, None, NOW]
    assert len(spool_lines(found, {})) == len(found)


def test_one_that_is_not_as_it_was_made_says_so_as_long_as_it_lives(still: StillFleet) -> None:
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        mine = containers.update(tx, containers.get(tx, LIVE[WAITS]), drift="its tags were \x1b[2Jgone")
    db.close()
    with closing(still.client()) as door:
        fleet = FleetView(door.snapshot())
        assert "DRIFTED" in CONTAINER_COLUMNS["task"].cell(fleet, mine, {}).plain
        assert door.container(mine.id).drift == mine.drift
    shown = "\n".join(line.plain for line in facts(mine, NOW, {}))
    assert "drifted: its tags were" in shown
    assert "\x1b" not in shown
    over = dataclasses.replace(mine, state=ContainerState.STOPPED)
    assert "DRIFTED" not in CONTAINER_COLUMNS["task"].cell(fleet, over, {}).plain
    assert "drifted" not in "\n".join(line.plain for line in facts(over, NOW, {}))


async def test_it_shows_resources_network_and_spool_and_nothing_of_them_acts(
    opened: Opens, still: StillFleet
) -> None:
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        mine = containers.get(tx, LIVE[WAITS])
        reached.count(tx, mine, "api.example.com", NOW - 5, denied=False, times=3)
        reached.count(tx, mine, "evil.example.net", NOW - 2, denied=True)
    db.close()
    place = still.paths.container(LIVE[WAITS])
    place.mkdir(mode=0o700, parents=True)
    record = {"seq": 1, "at": NOW, "type": "heartbeat", "cpu_percent": 4}
    hostile = {"seq": 2, "at": NOW, "type": "agent", "m": "[b]x[/]\x1b]0;t\x07"}
    (place / "spool.jsonl").write_text(f"{json.dumps(record)}\n{json.dumps(hostile)}\n{{half")
    async with opened() as seen:
        await seen.press("tab")
        seen.home.containers.select(LIVE[WAITS])
        await seen.press("d")
        await seen.wait_for(
            "● running", "slot 1", "processor", "memory", "No process of it runs", "✗ denied  evil.example.net",
            "3 called, 0 denied", "heartbeat", "[b]x[/]",
        )  # fmt: skip
        assert not any("\x1b" in line or "\x07" in line for line in seen.lines())
        await seen.press("z")
        await seen.wait_gone("evil.example.net")
        await seen.press("tab", "tab")
        await seen.wait_for("evil.example.net")
        await seen.press("shift+tab", "z")
        await seen.wait_for("processor", "evil.example.net")
        await seen.press("h")
        await seen.wait(lambda: isinstance(seen.app.screen, HostsScreen))
        await seen.press("escape", "x")
        await seen.wait_for(f"End the container {LIVE[WAITS]}", "Fix the failing cache tests” ends with it")
        await seen.press("escape", "question_mark")
        await seen.wait_for("end it, after a question")
        await seen.press("escape", "d")
        await seen.wait(lambda: isinstance(seen.app.screen, TaskDetailsScreen))
        await seen.press("escape", "escape")
        assert seen.app.screen is seen.home


async def test_on_a_narrow_screen_one_pane_is_seen(opened: Opens) -> None:
    async with opened((80, 24)) as seen:
        seen.home.containers.select(LIVE[WAITS])
        seen.home.open_about(None, LIVE[WAITS])
        await seen.wait_for("processor", "Esc")
        assert not seen.shows("has called nobody")
        await seen.press("tab", "tab")
        await seen.wait_for("It has called nobody yet")


@pytest.mark.real
async def test_the_processes_of_a_real_one_are_seen_and_it_is_ended(client: Client, place: Path) -> None:
    task = create(client, "sleep 731 & exec sleep 732", place)
    running = reach(client, task.id, TaskState.RUNNING)
    assert running.container_id
    async with dashboard(client) as seen:
        seen.home.open_about(None, running.container_id)
        await seen.wait_for("sleep 731", "sleep 732", "COMMAND", "started")
        assert isinstance(seen.app.screen, ContainerScreen)
        await seen.press("x")
        await seen.wait_for("ends with it")
        await seen.press("y")
        await seen.wait_for("terminated")
        await seen.press("x")
        await seen.wait_for("is terminated already")
    wait_until(lambda: client.container(running.container_id or "").state is ContainerState.TERMINATED)
