"""A store with a large fleet that nobody runs, and somebody who writes into it without end."""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.home import ended_task
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import ContainerState, TaskState
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.process_lock import ProcessLock
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated

PIECE = 1000
"""Rows of one transaction while the store is filled."""
PACE_HZ = 50
"""Transactions a second of who writes without end."""


def fill_fleet(paths: Paths, count: int, running: int) -> None:
    """Store `count` tasks; the newest `running` of them have a live container, the others have ended."""
    private_directory(paths.home)
    db = open_migrated(paths.database)
    for first in range(0, count, PIECE):
        with writing(db) as tx:
            for number in range(first, min(first + PIECE, count)):
                # Ids by number: of so many that are chosen at random two would be the same.
                task = replace(ended_task(number), id=f"t-{number:08x}")
                if number < running:
                    _run(paths, tx, replace(task, state=TaskState.PENDING, reason="", exit_code=None))
                else:
                    tasks.add(tx, task)
    db.close()


def _run(paths: Paths, tx: sqlite3.Connection, wanted: Task) -> None:
    at = wanted.created_at
    task = tasks.add(tx, wanted)
    slot = containers.free_slot(tx, task.id)
    container = containers.add(
        tx, new_id("c"), task, attempt=1, workspace=f"{paths.home}/{task.id}", slot=slot, at=at
    )
    containers.move(tx, container, ContainerState.RUNNING, started_at=at)
    task = tasks.move(tx, task, TaskState.DISPATCHING, container_id=container.id, attempt=1)
    tasks.move(tx, task, TaskState.RUNNING, started_at=at)


@contextmanager
def nobody_else_controls(paths: Paths) -> Iterator[None]:
    """Hold the controller's lock: a real one would find none of these containers and end them all."""
    lock = ProcessLock(paths.controller_lock)
    if not lock.take():
        raise RuntimeError("a controller works in this state directory")
    try:
        yield
    finally:
        lock.release()


def write_without_end(home: Path, changes_per_second: int) -> None:
    """Change rows of running tasks, and every fourth time of a container, until asked to end.

    A change of a task adds a cent to what it cost; at the end the cost of the newest task is printed.
    """
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    db = open_migrated(Paths(home).database)
    running = tasks.listed(db, states=(TaskState.RUNNING,))
    each, at = max(1, changes_per_second // PACE_HZ), 0
    due = time.monotonic()
    while not asked:
        with writing(db) as tx:
            for _ in range(each):
                task = tasks.get(tx, running[at % len(running)].id)
                at += 1
                if at % 4:
                    tasks.update(tx, task, cost_usd=round((task.cost_usd or 0) + 0.01, 2))
                else:
                    _beat(tx, containers.get(tx, task.container_id or ""), at)
        due += 1 / PACE_HZ
        time.sleep(max(0.0, due - time.monotonic()))
    print(f"{at} ${tasks.get(db, running[0].id).cost_usd:.2f}", flush=True)


def _beat(tx: sqlite3.Connection, container: Container, number: int) -> None:
    beat = {"seq": number, "at": time.time(), "cpu_percent": number % 100, "memory_bytes": number << 10}
    containers.add_heartbeats(tx, container.id, [beat])
    containers.update(tx, container, last_heartbeat_at=beat["at"])


if __name__ == "__main__":
    write_without_end(Path(sys.argv[1]), int(sys.argv[2]))
