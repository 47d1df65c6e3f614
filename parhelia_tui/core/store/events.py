"""The append-only history."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence

from parhelia_tui.core.model.records import Event, Owner
from parhelia_tui.core.model.redaction import redacted, redacted_values
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store import rows
from parhelia_tui.core.store.changes import insert

LEVELS = ("debug", "info", "warning", "error")


def append(
    tx: sqlite3.Connection,
    type: str,
    message: str,
    *,
    level: str = "info",
    source: str = "controller",
    task_id: str | None = None,
    container_id: str | None = None,
    session_id: str | None = None,
    data: dict[str, object] | None = None,
    at: float | None = None,
    owner: Owner | None = None,
) -> int:
    """Add one event; call it in the transaction of the change that it tells of.

    Args:
        type: a dotted name such as `task.completed`.
        message: one sentence; made safe, without secrets of known shapes and cut to 500 characters here.

    Returns:
        The event's sequence number.
    """
    who = owner or Owner()
    return insert(
        tx,
        "events",
        {
            "at": time.time() if at is None else at,
            "type": type,
            "level": level,
            "source": source,
            "message": redacted(one_line(message, 500)),
            "task_id": task_id,
            "container_id": container_id,
            "session_id": session_id,
            "data": json.dumps(redacted_values(data)) if data else "{}",
            "owner_user": who.user_id,
            "owner_session": who.session_id,
            "owner_environment": container_id or who.environment_id,
        },
    )


def newest(db: sqlite3.Connection, limit: int) -> list[Event]:
    """Read the newest events, oldest of them first."""
    found = db.execute("SELECT * FROM events ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
    return [rows.event(row) for row in reversed(found)]


def since(db: sqlite3.Connection, seq: int, limit: int = 1000) -> list[Event]:
    """Read the events after `seq`, in order, at most `limit`."""
    found = db.execute("SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)).fetchall()
    return [rows.event(row) for row in found]


def last_seq(db: sqlite3.Connection) -> int:
    """Give the number of the newest event, 0 when there is none."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])


def find(
    db: sqlite3.Connection,
    *,
    task_id: str | None = None,
    container_id: str | None = None,
    types: Sequence[str] = (),
    least_level: str = "debug",
    after_seq: int = 0,
    from_at: float | None = None,
    to_at: float | None = None,
    limit: int = 100,
    oldest: bool = False,
) -> list[Event]:
    """Find events, the newest `limit` of them, oldest first.

    Args:
        task_id: of this task; of a group also of its parts.
        types: names, or prefixes that end with a dot or a star, as `task.*`.
        least_level: leave out what is less severe than this level.
        after_seq: only those after this number.
        from_at, to_at: epoch seconds.
        oldest: the oldest `limit` of them instead, as somebody needs who follows and must miss none.
    """
    wheres, values = ["seq > ?"], [after_seq]  # type: list[str], list[object]
    if task_id is not None:
        # Asked apart, so that of one task alone the newest are found without sorting all of them.
        group = db.execute("SELECT 1 FROM tasks WHERE parent_id = ? LIMIT 1", (task_id,)).fetchone()
        parts = " OR task_id IN (SELECT id FROM tasks WHERE parent_id = ?)" if group else ""
        wheres.append(f"(task_id = ?{parts})")
        values.extend([task_id] * (2 if group else 1))
    if container_id is not None:
        wheres.append("container_id = ?")
        values.append(container_id)
    if types:
        wheres.append("(" + " OR ".join("type GLOB ?" for _ in types) + ")")
        values.extend(_glob(name) for name in types)
    if least_level != LEVELS[0]:
        wanted = LEVELS[LEVELS.index(least_level) :]
        wheres.append(f"level IN ({', '.join('?' * len(wanted))})")
        values.extend(wanted)
    if from_at is not None:
        wheres.append("at >= ?")
        values.append(from_at)
    if to_at is not None:
        wheres.append("at <= ?")
        values.append(to_at)
    order = "ASC" if oldest else "DESC"
    found = db.execute(
        f"SELECT * FROM events WHERE {' AND '.join(wheres)} ORDER BY seq {order} LIMIT ?", (*values, limit)
    ).fetchall()
    return [rows.event(row) for row in (found if oldest else reversed(found))]


def count_since(db: sqlite3.Connection, container_id: str, at: float, most: int) -> int:
    """Count the events of a container after a moment, among its newest `most`."""
    return int(
        db.execute(
            "SELECT count(*) FROM (SELECT at FROM events WHERE container_id = ? ORDER BY seq DESC LIMIT ?) WHERE at > ?",
            (container_id, most, at),
        ).fetchone()[0]
    )


def has_since(db: sqlite3.Connection, container_id: str, type: str, at: float) -> bool:
    """Say whether a container has an event of a type after a moment."""
    # The plus keeps to the index of types: a container may have very many events, and of a rare type there are few.
    found = db.execute(
        "SELECT 1 FROM events WHERE type = ? AND +container_id = ? AND at > ? LIMIT 1",
        (type, container_id, at),
    ).fetchone()
    return found is not None


def _glob(name: str) -> str:
    escaped = "".join(f"[{letter}]" if letter in "[?" else letter for letter in name)
    return f"{escaped}*" if escaped.endswith(".") else escaped


def remove_before(tx: sqlite3.Connection, at: float, piece: int) -> int:
    """Delete up to `piece` events older than `at`; called again until it gives 0."""
    cursor = tx.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < ? ORDER BY at LIMIT ?)",
        (at, piece),
    )
    return cursor.rowcount
