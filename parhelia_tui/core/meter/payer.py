"""Who would pay for what is begun now: money, which ceilings bound, or the subscription of an account."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from parhelia_tui.core.model.account_token import OF_ACCOUNT


def by_subscription(value: str, key_file: str | None, db: sqlite3.Connection | None) -> bool:
    """Say whether a subscription would pay.

    Args:
        value: the key where it is known, as of the variable; empty where it is not.
        key_file: the file that holds it and goes before the variable.
        db: the book; where nobody here knows the key (a command gives it), the newest answer tells who paid.
    """
    if key_file:
        try:
            with Path(key_file).expanduser().open("rb") as file:
                return file.read(64).decode("ascii", "replace").strip().startswith(OF_ACCOUNT)
        except OSError:
            return False
    if value:
        return value.startswith(OF_ACCOUNT)
    if db is None:
        return False
    newest = db.execute(
        "SELECT subscription FROM entries WHERE settled_seq IS NOT NULL ORDER BY settled_seq DESC LIMIT 1"
    ).fetchone()
    return newest is not None and bool(newest[0])
