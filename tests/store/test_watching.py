"""Seeing what others write: every commit, and without waking where nothing was written."""

from __future__ import annotations

import asyncio
import ctypes
import random
import threading
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from types import SimpleNamespace
from typing import Any

import pytest

from parhelia_tui.core.client import Client, fleet, watching
from parhelia_tui.core.client.fleet import ControllerStatus, FleetChange
from parhelia_tui.core.client.store_log import StoreLog
from parhelia_tui.core.client.watching import Watcher
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task
from tests.support.waiting import until

ROUNDS = 60


async def changed(watcher: Watcher, wanted: set[str]) -> None:
    """Wait until all of these tasks have been told of."""
    async for change in watcher:
        wanted -= {task.id for task in change.tasks}
        if not wanted:
            return


@pytest.mark.parametrize("notes", [True, False], ids=["notes", "without notes"])
async def test_no_commit_goes_unseen_however_close_it_follows_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: bool
) -> None:
    if not notes:
        monkeypatch.setattr(ctypes, "CDLL", partial(used_up, ctypes.CDLL(None), "inotify_init1"))
    # What went unseen would be seen with the next look at the controller.
    monkeypatch.setattr(watching, "STATUS_EVERY_S", 3600.0)
    paths = Paths(private_directory(tmp_path / "home"))
    db = open_migrated(paths.database)
    chance = random.Random(5)
    client = Client(paths)
    async with client.watch() as watcher:
        for number in range(ROUNDS):
            names = [f"t-{number:04x}{part:04x}" for part in range(chance.choice((1, 2, 3)))]
            for name in names:
                with writing(db) as tx:
                    tasks.add(tx, make_task(name))
                # Within one tick of the kernel's clock, in the next ones, or after the watcher has looked.
                await asyncio.sleep(chance.choice((0, 0, 0.003, 0.02, 0.05)))
            await asyncio.wait_for(changed(watcher, set(names)), 30)
    client.close()
    db.close()


async def test_nobody_wakes_while_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "STATUS_EVERY_S", 0.2)
    asked, looked = [], []
    wait, look = StoreLog.wait, fleet.controller_status

    def waits(log: StoreLog, seconds: float) -> bool:
        if seconds > 0:
            asked.append(seconds)
        return wait(log, seconds)

    def looks(*given: Any) -> ControllerStatus:
        looked.append(given)
        return look(*given)

    monkeypatch.setattr(StoreLog, "wait", waits)
    monkeypatch.setattr(watching, "controller_status", looks)
    client = Client(Paths(private_directory(tmp_path / "home")))
    async with client.watch() as watcher:
        # What it makes as it opens the store is a write of its own.
        await asyncio.wait_for(anext(aiter(watcher)), 30)
        await until(lambda: len(looked) > 3, 30)
        del asked[:], looked[:]
        await until(lambda: len(looked) > 5, 30)
        assert len(asked) <= len(looked) + 1
    client.close()


async def test_a_change_that_is_found_as_one_stops_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look = threading.Event(), Watcher._look

    def late(watcher: Watcher, db: Connection, status: ControllerStatus) -> FleetChange:
        looks.set()
        # Until it is known that nobody takes what is found now.
        assert watcher._taken.wait(30)
        assert watcher._stop.wait(30)
        return look(watcher, db, status)

    monkeypatch.setattr(Watcher, "_look", late)
    client = Client(Paths(private_directory(tmp_path / "home")))
    async with asyncio.timeout(30):
        async with client.watch():
            await asyncio.to_thread(looks.wait, 30)
    client.close()


@pytest.mark.parametrize("without", [None, "inotify_init1", "inotify_add_watch"])
def test_a_log_tells_of_writes_until_it_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: str | None
) -> None:
    if without is not None:
        monkeypatch.setattr(ctypes, "CDLL", partial(used_up, ctypes.CDLL(None), without))
    notes = without is None
    log, written = StoreLog(tmp_path / "store.db"), tmp_path / "store.db-wal"
    assert log.wait(0) is not notes
    written.write_bytes(b"one")
    assert [log.wait(30), log.wait(30)] == [True, True]
    log.clear()
    # Where nothing tells of writes, there may always have been one.
    assert log.wait(0) is not notes
    written.write_bytes(b"two")
    assert log.wait(30)
    log.clear()
    written.unlink()
    written.write_bytes(b"one anew")
    assert log.wait(30)
    log.close()


def test_a_wait_is_ended_by_another_thread(tmp_path: Path) -> None:
    log = StoreLog(tmp_path / "store.db")
    ended = threading.Timer(0.05, log.wake)
    ended.start()
    assert log.wait(60) is False
    ended.join()
    log.close()
    log.wake()


async def test_who_stops_watching_in_a_hurry_leaves_no_descriptor(tmp_path: Path) -> None:
    client = Client(Paths(private_directory(tmp_path / "home")))
    before = set(Path("/proc/self/fd").iterdir())

    async def watches() -> None:
        async with client.watch() as watcher:
            async for _ in watcher:
                there.set()

    for _ in range(3):
        there = asyncio.Event()
        task = asyncio.create_task(watches())
        await asyncio.wait_for(there.wait(), 30)
        # Textual cancels what it runs, and does so again while it waits.
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    client.close()
    await until(lambda: set(Path("/proc/self/fd").iterdir()) <= before, 30)


def used_up(library: ctypes.CDLL, call: str, name: None) -> SimpleNamespace:
    """The library of a system whose user has no more of something."""
    calls = {each: getattr(library, each) for each in ("inotify_init1", "inotify_add_watch")}
    return SimpleNamespace(**{**calls, call: lambda *given: -1})
