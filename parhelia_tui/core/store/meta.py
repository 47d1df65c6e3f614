"""Single values of the store: small texts by name."""

from __future__ import annotations

import sqlite3

CEILINGS = "ceilings"
"""The ceilings that every screen shows, in USD by their scope, as JSON; the book itself is meter.db."""

SILENT = "silent"
"""The backends that do not answer, each with `since` (epoch seconds) and `why`, as JSON."""

SPARES_DECLINED = "spares_declined"
"""When somebody ended a spare sandbox, in epoch seconds; none is made until a container is wanted after that."""


def get(db: sqlite3.Connection, key: str) -> str | None:
    """Read a value, None when there is none."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def put(tx: sqlite3.Connection, key: str, value: str) -> None:
    """Write a value; the same again writes nothing."""
    if get(tx, key) != value:
        tx.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
