"""What the store says of a moment that is over: rows as they were by their times, and events up to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from parhelia_tui.core.model.records import Approval, Container, Event, Heartbeat, Session, Task
from parhelia_tui.core.store import rows

_SIGNS = "type GLOB 'task.*' OR type GLOB 'container.*' OR type GLOB 'session.*' OR type GLOB 'controller.*'"


@dataclass(frozen=True, slots=True)
class Spent:
    """What one task had cost at a moment.

    Args:
        usd: None where nobody knew.
    """

    usd: float | None
    input_tokens: int
    output_tokens: int


def tasks(db: sqlite3.Connection, at: float) -> list[Task]:
    """Read the tasks that were there already, the newest first, as they are now."""
    found = db.execute(
        f"SELECT {rows.TASK_COLUMNS_SHORT} FROM tasks WHERE created_at <= ? ORDER BY created_at DESC, id",
        (at,),
    )
    return [rows.task(row) for row in found]


def containers(db: sqlite3.Connection, at: float) -> list[Container]:
    """Read the containers that were there already, as they are now."""
    found = db.execute(
        f"SELECT {rows.CONTAINER_COLUMNS} FROM containers WHERE created_at <= ? ORDER BY created_at", (at,)
    )
    return [rows.container(row) for row in found]


def sessions(db: sqlite3.Connection, at: float) -> list[Session]:
    """Read the sessions that went on at a moment, as they are now."""
    found = db.execute(
        "SELECT * FROM sessions WHERE created_at <= ? AND (finished_at IS NULL OR finished_at > ?)"
        " ORDER BY created_at DESC, id",
        (at, at),
    )
    return [rows.session(row) for row in found]


def waiting(db: sqlite3.Connection, at: float) -> list[Approval]:
    """Read the questions that waited at a moment, the oldest first, as they are now."""
    found = db.execute(
        "SELECT * FROM approvals WHERE created_at <= ? AND coalesce(answered_at, finished_at, ?) >= ?"
        " AND (coalesce(answered_at, finished_at) IS NULL OR coalesce(answered_at, finished_at) > ?)"
        " ORDER BY created_at, id",
        (at, at, at, at),
    )
    return [rows.approval(row) for row in found]


def settled(db: sqlite3.Connection, at: float) -> dict[str, float]:
    """Say when the newest question of each task that was over by then was over."""
    found = db.execute(
        "SELECT task_id, max(finished_at) FROM approvals WHERE finished_at <= ? GROUP BY task_id", (at,)
    )
    return {row[0]: row[1] for row in found}


def signs(db: sqlite3.Connection, at: float) -> Iterator[tuple[float, str, str | None, str | None, str]]:
    """Give every event that tells of a state, in order: time, type, task, container and message."""
    yield from db.execute(
        f"SELECT at, type, task_id, container_id, message FROM events WHERE at <= ? AND ({_SIGNS}) ORDER BY seq",
        (at,),
    )


def attempts(db: sqlite3.Connection, at: float) -> dict[str, tuple[int, str, float]]:
    """Give the newest attempt of each task that had begun: its number, container and beginning."""
    found = db.execute(
        "SELECT task_id, number, container_id, started_at FROM attempts WHERE started_at <= ? ORDER BY number",
        (at,),
    )
    return {row[0]: (row[1], row[2], row[3]) for row in found}


def costs(db: sqlite3.Connection, at: float) -> dict[str, Spent]:
    """Sum what each task had cost."""
    found = db.execute(
        "SELECT task_id, sum(cost_usd), sum(input_tokens + cache_read_tokens + cache_write_tokens),"
        " sum(output_tokens) FROM ledger WHERE at <= ?"
        " GROUP BY task_id",
        (at,),
    )
    return {row[0]: Spent(row[1], row[2] or 0, row[3] or 0) for row in found}


def last_beats(db: sqlite3.Connection, container_id: str, at: float, limit: int) -> list[Heartbeat]:
    """Read the newest heartbeats of a container up to a moment, the oldest of them first."""
    found = db.execute(
        "SELECT * FROM heartbeats WHERE container_id = ? AND at <= ? ORDER BY seq DESC LIMIT ?",
        (container_id, at, limit),
    ).fetchall()
    return [rows.heartbeat(row) for row in reversed(found)]


def events(db: sqlite3.Connection, at: float, limit: int) -> list[Event]:
    """Read the newest events up to a moment, the oldest of them first."""
    found = db.execute(
        "SELECT * FROM events WHERE at <= ? ORDER BY at DESC, seq DESC LIMIT ?", (at, limit)
    ).fetchall()
    return [rows.event(row) for row in reversed(found)]


def neighbour(db: sqlite3.Connection, at: float, *, later: bool) -> float | None:
    """Give the time of the next event after a moment, or of the last one before it."""
    query = "SELECT min(at) FROM events WHERE at > ?" if later else "SELECT max(at) FROM events WHERE at < ?"
    found = db.execute(query, (at,)).fetchone()[0]
    return None if found is None else float(found)


def bounds(db: sqlite3.Connection) -> tuple[float, float] | None:
    """Give the times of the first and of the last event; None where there is none."""
    first, last = db.execute("SELECT min(at), max(at) FROM events").fetchone()
    return None if first is None else (float(first), float(last))


def density(db: sqlite3.Connection, begin: float, end: float, parts: int) -> list[int]:
    """Count the events in equal parts of a span of time."""
    counts = [0] * parts
    length = max(end - begin, 1e-6)
    found = db.execute(
        "SELECT min(CAST((at - ?) / ? * ? AS INTEGER), ?) AS part, count(*) FROM events"
        " WHERE at >= ? AND at <= ? GROUP BY part",
        (begin, length, parts, parts - 1, begin, end),
    )
    for part, count in found:
        counts[part] = count
    return counts
