"""What fronts asked of the controller."""

from __future__ import annotations

import json
import sqlite3

from parhelia_tui.core.model.records import Intent, Owner
from parhelia_tui.core.store import rows
from parhelia_tui.core.store.changes import insert

PATIENCE_S = 30.0
"""How long who asks waits for an answer. What is older is not done any more: nobody expects it now."""


def add(
    tx: sqlite3.Connection,
    kind: str,
    target: str,
    payload: dict[str, object],
    at: float,
    owner: Owner | None = None,
) -> Intent:
    """Store what is wanted; the controller will take it."""
    who = owner or Owner()
    number = insert(
        tx,
        "intents",
        {
            "at": at,
            "kind": kind,
            "target": target,
            "payload": json.dumps(payload),
            "owner_user": who.user_id,
            "owner_session": who.session_id,
        },
    )
    return get(tx, number)


def get(db: sqlite3.Connection, number: int) -> Intent:
    """Read one intent that is known to exist."""
    return rows.intent(db.execute("SELECT * FROM intents WHERE id = ?", (number,)).fetchone())


def pending(db: sqlite3.Connection) -> list[Intent]:
    """Read what has not been handled, in order."""
    return [
        rows.intent(row) for row in db.execute("SELECT * FROM intents WHERE state = 'pending' ORDER BY id")
    ]


def remove_before(tx: sqlite3.Connection, at: float, piece: int) -> int:
    """Delete up to `piece` handled intents older than `at`; called again until it gives less."""
    cursor = tx.execute(
        "DELETE FROM intents WHERE id IN"
        " (SELECT id FROM intents WHERE at < ? AND state <> 'pending' ORDER BY id LIMIT ?)",
        (at, piece),
    )
    return cursor.rowcount


def handle(tx: sqlite3.Connection, number: int, state: str, result: dict[str, object], at: float) -> None:
    """Say what became of an intent: `done` or `refused`."""
    tx.execute(
        "UPDATE intents SET state = ?, result = ?, handled_at = ? WHERE id = ? AND state = 'pending'",
        (state, json.dumps(result), at, number),
    )
