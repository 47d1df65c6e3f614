"""Writing rows: inserts, changes under optimistic locking, and the number that tells screens what is new."""

from __future__ import annotations

import sqlite3
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError

Value = str | int | float | None


def next_rev(tx: sqlite3.Connection) -> int:
    """Take the next number of the change counter; call it inside a transaction."""
    row = tx.execute("UPDATE counters SET value = value + 1 WHERE name = 'rev' RETURNING value").fetchone()
    return int(row[0])


def current_rev(db: sqlite3.Connection) -> int:
    """Read the change counter."""
    return int(db.execute("SELECT value FROM counters WHERE name = 'rev'").fetchone()[0])


def insert(tx: sqlite3.Connection, table: str, columns: dict[str, Value]) -> int:
    """Insert one row; the names of table and columns come from this program alone.

    Returns:
        The row's integer id, where the table has one.
    """
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    cursor = tx.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))
    return int(cursor.lastrowid or 0)


def change(
    tx: sqlite3.Connection, table: str, row_id: str, expected_version: int, columns: dict[str, Any]
) -> None:
    """Change a row that is still at the version that was read.

    Raises:
        ParheliaError: E104 when somebody changed it meanwhile.
    """
    sets = ", ".join(f"{name} = ?" for name in columns)
    cursor = tx.execute(
        f"UPDATE {table} SET {sets}, rev = ?, version = version + 1 WHERE id = ? AND version = ?",
        (*columns.values(), next_rev(tx), row_id, expected_version),
    )
    if cursor.rowcount != 1:
        raise ParheliaError(
            "E104", f"{row_id} changed meanwhile", details={"expected_version": expected_version}
        )
