"""More tasks and containers than the first frame is made of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual._compositor import Compositor, ReflowResult
from textual.geometry import Size
from textual.widget import Widget

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.fleet import CONTAINERS_FIRST, TASKS_FIRST, FleetChange
from parhelia_tui.core.model.states import ContainerState, Health, TaskState
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.settings.process_lock import ProcessLock
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.home_following import HomeFollowing
from tests.dashboard.conftest import Opens
from tests.support.dashboard import dashboard
from tests.support.still_fleet import LIVE, NOW, WAITS, StillFleet
from tests.support.store import make_task

COUNT = 3 * TASKS_FIRST


def fill(client: Client) -> None:
    private_directory(client.paths.home)
    db = open_migrated(client.paths.database)
    with writing(db) as tx:
        for number in range(COUNT):
            state = TaskState.NEEDS_REVIEW if number == 1 else TaskState.COMPLETED
            tasks.add(
                tx,
                make_task(
                    f"t-{number:08x}",
                    title=f"Task number {number:04d}",
                    slug=f"task-{number}",
                    state=state,
                    created_at=1000.0 + number,
                ),
            )
    db.close()


def test_the_first_frame_has_who_waits_and_the_newest(client: Client) -> None:
    fill(client)
    first = [task.id for task in client.snapshot().tasks]
    assert first[0] == "t-00000001"
    assert first[1:] == [f"t-{COUNT - 1 - number:08x}" for number in range(TASKS_FIRST)]
    pieces, than = [], None
    while piece := client.older_tasks(than, 250):
        pieces.append([task.id for task in piece])
        than = piece[-1].created_at, piece[-1].id
    assert [each for piece in pieces for each in piece] == [f"t-{COUNT - 1 - n:08x}" for n in range(COUNT)]


async def test_the_others_are_there_a_moment_later_and_a_filter_finds_them(
    client: Client,
) -> None:
    fill(client)
    async with dashboard(client) as seen:
        assert seen.shows(f"Tasks ▪ {COUNT}", "Task number 0001")
        await seen.wait(lambda: len(seen.home.fleet.tasks) == COUNT)
        await seen.press("G")
        await seen.wait_for("Task number 0000")
        await seen.press("slash")
        await seen.type("title:0009")
        await seen.wait_for("Task number 0009", f"1 of {COUNT}: title:0009")
        await seen.press("escape")
        await seen.press("escape")
        await seen.wait_for(f"Tasks ▪ {COUNT}")


async def test_another_number_of_rows_lays_nothing_out_anew(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(client)
    laid_out: list[Size] = []
    lay_out = Compositor.reflow

    def counted(compositor: Compositor, parent: Widget, size: Size) -> ReflowResult:
        laid_out.append(size)
        return lay_out(compositor, parent, size)

    async with dashboard(client) as seen:
        await seen.wait(lambda: len(seen.home.fleet.tasks) == COUNT)
        await seen.press("slash")
        await seen.type("title:")
        monkeypatch.setattr(Compositor, "reflow", counted)
        await seen.type("00")
        # Those from 0000 to 0099, and two more.
        await seen.wait_for(f"102 of {COUNT}: title:00")
        rows = seen.home.tasks
        assert laid_out == []
        assert rows.vertical_scrollbar.window_virtual_size == rows.virtual_size.height == 103
        # With all rows in sight there is no scrollbar any more, and what it took is the rows'.
        await seen.type("09")
        await seen.wait_for(f"1 of {COUNT}: title:0009")
        await seen.wait(lambda: laid_out and not rows.show_vertical_scrollbar)


def run_many(client: Client, count: int) -> list[str]:
    """Store so many running containers, one for each task, the first one the oldest; give their ids."""
    private_directory(client.paths.home)
    db = open_migrated(client.paths.database)
    names = [f"c-{number:08x}" for number in range(count)]
    with writing(db) as tx:
        for number, name in enumerate(names):
            task = tasks.add(
                tx, make_task(f"t-{number:08x}", title=f"Task {number:04d}", created_at=1000.0 + number)
            )
            container = containers.add(
                tx, name, task, attempt=1, workspace=f"/srv/{number}", slot=1, at=1000.0 + number
            )
            containers.move(tx, container, ContainerState.RUNNING, started_at=1000.0 + number)
            containers.add_heartbeats(
                tx, name, [{"seq": 1, "at": 1001.0 + number, "cpu_percent": 1.0, "memory_bytes": 1}]
            )
    db.close()
    return names


async def test_containers_that_the_first_frame_did_without_come_a_moment_later(client: Client) -> None:
    names = run_many(client, 2 * CONTAINERS_FIRST)
    assert [each.id for each in client.snapshot().containers][:CONTAINERS_FIRST] == names[CONTAINERS_FIRST:]
    lock = ProcessLock(client.paths.controller_lock)
    assert lock.take()
    try:
        async with dashboard(client) as seen:
            fleet = seen.home.fleet
            await seen.wait(lambda: fleet.container_keys() == names[::-1])
            await seen.wait(lambda: all(len(fleet.beats.get(name, ())) == 1 for name in names))
            await seen.wait_for(f"Containers ▪ {len(names)}")
    finally:
        lock.release()


def test_a_container_that_ended_while_the_others_were_read_stays_out(client: Client) -> None:
    names = run_many(client, CONTAINERS_FIRST + 1)
    fleet = FleetView(client.snapshot())
    read = client.containers((ContainerState.RUNNING,))
    oldest = next(each for each in read if each.id == names[0])
    fleet.take_containers([replace(oldest, state=ContainerState.TERMINATED)])
    fleet.take_older_containers(read)
    assert fleet.container_keys() == names[:0:-1]


def test_only_samples_of_containers_that_are_as_they_were_leave_the_rest_as_it_is(still: StillFleet) -> None:
    door = still.client()
    first = door.snapshot()
    fleet = FleetView(first)
    container = fleet.containers[LIVE[WAITS]]
    nothing = FleetChange(
        first.rev, first.at, (), (), (), (), (), first.totals, first.controller, first.waiting
    )
    beaten = replace(nothing, containers=(replace(container, cpu_percent=99.0, last_heartbeat_at=NOW),))
    assert fleet.hears_only_beats(beaten)
    for news in (
        replace(nothing, tasks=(fleet.tasks[WAITS],)),
        replace(nothing, events=tuple(fleet.events)[-1:]),
        replace(nothing, containers=(replace(container, health=Health.DEAD),)),
        replace(nothing, containers=(replace(container, state=ContainerState.STOPPING),)),
        replace(nothing, containers=(replace(container, id="c-0new"),)),
        replace(nothing, controller=replace(first.controller, state="absent", pid=None)),
    ):
        assert not fleet.hears_only_beats(news)
    door.close()


async def test_a_sample_is_seen_before_the_next_tick(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HomeFollowing, "_tick", lambda screen: None)
    async with opened() as seen:
        await seen.wait(lambda: len(seen.home.fleet.beats.get(LIVE[WAITS], ())) == 20)
        db = open_migrated(still.paths.database)
        with writing(db) as tx:
            container = containers.get(tx, LIVE[WAITS])
            containers.update(tx, container, cpu_percent=77.0)
        db.close()
        await seen.wait_for("77%")


async def test_after_a_container_has_ended_the_others_are_shown_on(opened: Opens, still: StillFleet) -> None:
    async with opened() as seen:
        await seen.wait(lambda: LIVE[WAITS] in seen.home.containers._keys)
        left = len(seen.home.containers._keys) - 1
        db = open_migrated(still.paths.database)
        with writing(db) as tx:
            container = containers.move(tx, containers.get(tx, LIVE[WAITS]), ContainerState.STOPPING)
            containers.move(tx, container, ContainerState.TERMINATED)
        await seen.wait_for(f"Containers ▪ {left}")
        with writing(db) as tx:
            tasks.update(tx, tasks.get(tx, WAITS), cost_usd=88.25)
        db.close()
        await seen.wait_for("$88.25")
