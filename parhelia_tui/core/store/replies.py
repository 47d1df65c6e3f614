"""What people told agents without going to their terminals, and whether it arrived."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Owner, Reply, Task
from parhelia_tui.core.model.states import REPLY_MOVES, ReplyState, check_move
from parhelia_tui.core.store import rows
from parhelia_tui.core.store.changes import Value, change, insert, next_rev


def add(
    tx: sqlite3.Connection,
    reply_id: str,
    task: Task,
    text: str,
    *,
    shown: str,
    digest: str,
    at: float,
    owner: Owner,
) -> Reply:
    """Store what is to be typed; the controller does it.

    Args:
        text: kept until it is typed, and no longer.
        shown: a line of it without secrets of known shapes.
        digest: tells the agent's report of this text from others.
    """
    insert(
        tx,
        "replies",
        {
            "id": reply_id,
            "task_id": task.id,
            "container_id": task.container_id,
            "text": text,
            "shown": shown,
            "digest": digest,
            "state": ReplyState.PENDING,
            "created_at": at,
            "rev": next_rev(tx),
            "owner_user": owner.user_id,
            "owner_session": owner.session_id,
            "owner_environment": task.container_id,
        },
    )
    return get(tx, reply_id)


def get(db: sqlite3.Connection, reply_id: str) -> Reply:
    """Read one.

    Raises:
        ParheliaError: E206 when there is none.
    """
    row = db.execute("SELECT * FROM replies WHERE id = ?", (reply_id,)).fetchone()
    if row is None:
        raise ParheliaError("E206", f"there is no reply {reply_id!r}")
    return rows.reply(row)


def unsettled(
    db: sqlite3.Connection, *, task_id: str | None = None, container_id: str | None = None
) -> list[Reply]:
    """Read those of which nobody knows yet whether they arrive, in the order in which they were said."""
    wheres, values = ["state IN ('pending', 'typing', 'typed')"], []  # type: list[str], list[str]
    for column, value in (("task_id", task_id), ("container_id", container_id)):
        if value is not None:
            wheres.append(f"{column} = ?")
            values.append(value)
    found = db.execute(
        f"SELECT * FROM replies WHERE {' AND '.join(wheres)} ORDER BY created_at, rowid", values
    )
    return [rows.reply(row) for row in found]


def typed(db: sqlite3.Connection, container_id: str, digest: str) -> Reply | None:
    """Read the oldest with this digest that was typed into a container and is not known to have arrived."""
    row = db.execute(
        "SELECT * FROM replies WHERE container_id = ? AND digest = ? AND typed_at IS NOT NULL"
        " AND state <> 'delivered' ORDER BY created_at, rowid LIMIT 1",
        (container_id, digest),
    ).fetchone()
    return rows.reply(row) if row else None


def digests(db: sqlite3.Connection, container_id: str, limit: int) -> frozenset[str]:
    """Read the digests of the newest replies that were typed into a container."""
    found = db.execute(
        "SELECT digest FROM replies WHERE container_id = ? AND typed_at IS NOT NULL"
        " ORDER BY typed_at DESC, rowid DESC LIMIT ?",
        (container_id, limit),
    )
    return frozenset(row["digest"] for row in found)


def of_task(db: sqlite3.Connection, task_id: str, limit: int) -> list[Reply]:
    """Read the newest replies to a task, oldest of them first."""
    found = db.execute(
        "SELECT * FROM replies WHERE task_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ?",
        (task_id, limit),
    ).fetchall()
    return [rows.reply(row) for row in reversed(found)]


def move(tx: sqlite3.Connection, reply: Reply, to: ReplyState, **columns: Value) -> Reply:
    """Say how far it is, together with other columns; the text goes when it is not needed any more.

    Raises:
        ParheliaError: E103 for a forbidden move, E104 when it changed since it was read.
    """
    check_move(REPLY_MOVES, f"reply {reply.id}", reply.state, to)
    change(tx, "replies", reply.id, reply.version, {"state": to, "text": "", **columns})
    return get(tx, reply.id)


def remove_before(tx: sqlite3.Connection, at: float, piece: int) -> int:
    """Delete up to `piece` settled ones older than `at`; called again until it gives less."""
    cursor = tx.execute(
        "DELETE FROM replies WHERE rowid IN (SELECT rowid FROM replies"
        " WHERE created_at < ? AND state IN ('delivered', 'failed') LIMIT ?)",
        (at, piece),
    )
    return cursor.rowcount
