"""Seeing what others write: every commit, and without asking the store where nothing was written."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client, watching
from parhelia_tui.core.client.watching import SETTLED_S, Watcher, _Log
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task

ROUNDS = 60


async def changed(watcher: Watcher, wanted: set[str]) -> None:
    """Wait until all of these tasks have been told of."""
    async for change in watcher:
        wanted -= {task.id for task in change.tasks}
        if not wanted:
            return


async def test_no_commit_goes_unseen_however_close_it_follows_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_log_tells_by_itself_only_some_time_after_a_write(tmp_path: Path) -> None:
    written, now = tmp_path / "store.db-wal", [1000.0]
    log = _Log(tmp_path / "store.db", lambda: now[0])

    def commit(text: bytes, at: float) -> None:
        written.write_bytes(text)
        os.utime(written, (at, at))

    assert log.may_be_new()
    commit(b"one commit", 1000.0)
    # Another one may have the same moment and, where the log begins again, the same size.
    assert [log.may_be_new() for _ in range(3)] == [True, True, True]
    now[0] += 2 * SETTLED_S
    assert [log.may_be_new() for _ in range(3)] == [True, False, False]
    commit(b"two commit", now[0])
    assert [log.may_be_new() for _ in range(2)] == [True, True]
    now[0] += 2 * SETTLED_S
    assert [log.may_be_new() for _ in range(2)] == [True, False]
    # Somebody set the clock back: nothing is known of what comes next.
    now[0] -= 3600.0
    commit(b"3rd commit", now[0] + 1800.0)
    assert [log.may_be_new() for _ in range(2)] == [True, True]
    written.unlink()
    assert [log.may_be_new() for _ in range(2)] == [True, True]
