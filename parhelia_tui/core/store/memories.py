"""What sessions of a project leave for the next one: one text for each project."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.model.records import Memory
from parhelia_tui.core.store.changes import next_rev

_ALL = "SELECT project, text, written_by, updated_at FROM memories"


def get(db: sqlite3.Connection, project: str) -> Memory | None:
    """Read the memory of a project, None where there is none."""
    row = db.execute(f"{_ALL} WHERE project = ?", (project,)).fetchone()
    return _memory(row) if row else None


def listed(db: sqlite3.Connection) -> list[Memory]:
    """Read all of them, the newest first."""
    return [_memory(row) for row in db.execute(f"{_ALL} ORDER BY updated_at DESC, project")]


def put(tx: sqlite3.Connection, memory: Memory) -> None:
    """Store a memory in the place of the one before."""
    tx.execute(
        "INSERT INTO memories (project, text, written_by, updated_at, rev) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (project) DO UPDATE SET text = excluded.text, written_by = excluded.written_by,"
        " updated_at = excluded.updated_at, rev = excluded.rev",
        (memory.project, memory.text, memory.written_by, memory.updated_at, next_rev(tx)),
    )


def forget(tx: sqlite3.Connection, project: str) -> bool:
    """Remove a memory; False where there was none."""
    return tx.execute("DELETE FROM memories WHERE project = ?", (project,)).rowcount > 0


def to_remember(db: sqlite3.Connection, limit: int) -> list[tuple[str, int, str]]:
    """Name ended attempts whose session was not asked yet what it leaves: task, number and container."""
    found = db.execute(
        "SELECT task_id, number, container_id FROM attempts INDEXED BY attempts_to_remember"
        " WHERE remembered = 0 AND finished_at IS NOT NULL ORDER BY finished_at LIMIT ?",
        (limit,),
    )
    return [(row[0], row[1], row[2]) for row in found]


def remembered(tx: sqlite3.Connection, task_id: str, number: int) -> None:
    """Say that a session was asked."""
    tx.execute("UPDATE attempts SET remembered = 1 WHERE task_id = ? AND number = ?", (task_id, number))


def _memory(row: sqlite3.Row) -> Memory:
    return Memory(row["project"], row["text"], row["written_by"], row["updated_at"])
