"""Measure two ways to SQLite, raw sqlite3 and sqlite-utils: what importing costs and what a row costs.

    .venv/bin/python docs/decisions/scripts/sqlite_access.py

Prints one table. All numbers of one run are of one machine at one time, so the ratios count.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated

ROUNDS = 9
ROWS = 400
COLUMNS = ("at", "type", "level", "source", "message", "task_id", "data")
INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
ROW: dict[str, Any] = dict(
    zip(
        COLUMNS,
        (1.0, "task.completed", "info", "shim", "x" * 100, "t-12345678", '{"exit_code": 0}'),
        strict=True,
    )
)


def import_ms(module: str) -> float:
    """Time a fresh interpreter that imports a module, less one that imports nothing."""

    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    pairs = [run(f"import {module}") - run("pass") for _ in range(ROUNDS)]
    return statistics.median(pairs) * 1000


def raw_one_by_one(db: sqlite3.Connection) -> None:
    for _ in range(ROWS):
        with writing(db) as tx:
            tx.execute(INSERT, tuple(ROW.values()))


def raw_together(db: sqlite3.Connection) -> None:
    with writing(db) as tx:
        tx.executemany(INSERT, [tuple(ROW.values())] * ROWS)


def utils_one_by_one(db: sqlite3.Connection) -> None:
    table = Database(db, execute_plugins=False).table("events")
    for _ in range(ROWS):
        with writing(db):
            table.insert(ROW)


def utils_with_key(db: sqlite3.Connection) -> None:
    table = Database(db, execute_plugins=False).table("events")
    for _ in range(ROWS):
        with writing(db):
            table.insert(ROW, pk="seq")


def utils_together(db: sqlite3.Connection) -> None:
    with writing(db):
        Database(db, execute_plugins=False).table("events").insert_all([ROW] * ROWS)


def raw_read(db: sqlite3.Connection) -> None:
    for _ in range(ROWS):
        db.execute("SELECT * FROM events ORDER BY seq DESC LIMIT 1").fetchone()


def utils_read(db: sqlite3.Connection) -> None:
    table = Database(db, execute_plugins=False).table("events")
    for _ in range(ROWS):
        next(table.rows_where(order_by="seq desc", limit=1))


def microseconds(ways: dict[str, Callable[[sqlite3.Connection], None]]) -> dict[str, float]:
    """Time each way in turn, round after round, so that none has the machine to itself."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as directory:
                db = open_migrated(Path(directory, "parhelia.db"))
                raw_together(db)
                start = time.perf_counter()
                way(db)
                times[name].append((time.perf_counter() - start) / ROWS * 1e6)
                db.close()
    return {name: statistics.median(each) for name, each in times.items()}


COUNT = """
import sqlite3, sys
from pathlib import Path
from sqlite_utils import Database
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
db = open_migrated(Path(sys.argv[1]))
utils = Database(db, execute_plugins=False)
print("ready", flush=True)
sys.stdin.readline()
locked = 0
for _ in range(int(sys.argv[3])):
    try:
        with writing(db) if sys.argv[2] == "writing" else utils.atomic():
            value = int(db.execute("SELECT value FROM meta WHERE key = 'count'").fetchone()[0])
            db.execute("UPDATE meta SET value = ? WHERE key = 'count'", (str(value + 1),))
    except sqlite3.OperationalError:
        locked += 1
print(locked)
"""


def contention(how: str, processes: int = 8, each: int = 250) -> tuple[int, int, int]:
    """Let processes count together; give how much was tried, counted and refused as locked."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "parhelia.db")
        db = open_migrated(path)
        db.execute("INSERT INTO meta VALUES ('count', '0')")
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", COUNT, str(path), how, str(each)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(processes)
        ]
        locked = [int(worker.communicate()[0]) for worker in _all_started(workers)]
        counted = int(db.execute("SELECT value FROM meta WHERE key = 'count'").fetchone()[0])
        db.close()
        return processes * each, counted, sum(locked)


def _all_started(workers: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return workers


def lines() -> Iterator[str]:
    yield f"SQLite {sqlite3.sqlite_version}, Python {sys.version.split()[0]}, medians of {ROUNDS}"
    yield ""
    yield "| | raw sqlite3 | sqlite-utils | ratio |"
    yield "|---|---|---|---|"
    raw, utils = import_ms("sqlite3"), import_ms("sqlite_utils")
    yield f"| import, ms | {raw:.0f} | {utils:.0f} | {utils / raw:.1f} |"
    took = microseconds(
        {
            "raw one": raw_one_by_one,
            "utils one": utils_one_by_one,
            "utils key": utils_with_key,
            "raw many": raw_together,
            "utils many": utils_together,
            "raw read": raw_read,
            "utils read": utils_read,
        }
    )
    for words, left, right in (
        ("one row a transaction, µs", "raw one", "utils one"),
        ("the same with `pk=`, µs", "raw one", "utils key"),
        (f"{ROWS} rows a transaction, µs a row", "raw many", "utils many"),
        ("newest row read, µs", "raw read", "utils read"),
    ):
        one, other = took[left], took[right]
        yield f"| {words} | {one:.1f} | {other:.1f} | {other / one:.1f} |"
    yield ""
    yield '| eight processes read, add one and write | tried | counted | "database is locked" |'
    yield "|---|---|---|---|"
    for words, how in (("`BEGIN IMMEDIATE` (`writing`)", "writing"), ("sqlite-utils' `atomic()`", "atomic")):
        tried, counted, locked = contention(how)
        yield f"| {words} | {tried} | {counted} | {locked} |"


if __name__ == "__main__":
    print("\n".join(lines()))
