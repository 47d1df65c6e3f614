"""What the meter of a container on another machine tells of its money, entered in the book here.

Everything here may be repeated: a request is entered once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parhelia_tui.core.meter.allowance_rows import change, checked, find
from parhelia_tui.core.meter.spending import TOKENS, Spender, book, day_of
from parhelia_tui.core.store.connection import writing, writing_durably

UNTOLD = "untold:"
"""How entries begin of what a meter has not told any more."""


def settled(db: sqlite3.Connection, spender: Spender, told: Mapping[str, Any]) -> bool:
    """Enter a request that a meter elsewhere has settled.

    Args:
        told: `request`, `model`, `cost`, `state`, `assumed`, `status`, `at`, `subscription` and its tokens.

    Returns:
        False where it was entered before.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: it has another form.
    """
    cost, at = int(told["cost"]), float(told["at"])
    tokens = [int(told[name]) for name in TOKENS]
    status = None if told["status"] is None else int(told["status"])
    subscription = bool(told["subscription"])
    checked(cost, status or 0, *tokens)
    if told["state"] not in ("settled", "estimated"):
        raise ValueError("an entry that is not settled")
    request = str(told["request"])[:64]
    if request.startswith(UNTOLD):
        raise ValueError("an entry that only this side makes")
    row = {
        "request": request,
        "container": spender.container,
        "task": spender.task,
        "plan": spender.plan,
        "group_task": spender.group,
        "day": day_of(at),
        "model": str(told["model"])[:100],
        "state": told["state"],
        "reserved_nano": 0,
        "cost_nano": cost,
        "assumed": int(bool(told["assumed"])),
        "status": status,
        "at": at,
        "settled_at": at,
        "subscription": int(subscription),
        **dict(zip(TOKENS, tokens, strict=True)),
    }
    with writing_durably(db) as tx:
        if not _enter(tx, row):
            return False
        now = find(tx, spender.container)
        if now is not None and not subscription:
            change(tx, now, replace(now, spent=now.spent + cost))
        book(tx, replace(spender, subscription=subscription), row["day"], spent=cost, reserved=0)
    return True


def say_closed(db: sqlite3.Connection, container: str) -> None:
    """Take note that a meter has ended in order, and has told of everything."""
    with writing(db) as tx:
        tx.execute("UPDATE allowances SET closed = 1 WHERE container = ?", (container,))


def close(db: sqlite3.Connection, container: str, at: float) -> None:
    """Let go of the allowance of a container that has ended.

    A meter that did not say that it has told of everything may have spent all that it was given; nobody can know,
    and so that is charged.
    """
    with writing_durably(db) as tx:
        now = find(tx, container)
        if now is None:
            return
        left = now.left
        change(tx, now, replace(now, spent=max(now.spent, now.limit)))
        tx.execute("DELETE FROM allowances WHERE container = ?", (container,))
        if left and not now.closed:
            day = day_of(at)
            lost = {
                "request": f"{UNTOLD}{container}:{now.number}",
                "container": container,
                "task": now.task,
                "plan": now.plan,
                "group_task": now.group,
                "day": day,
                "model": "unknown",
                "state": "estimated",
                "reserved_nano": 0,
                "cost_nano": left,
                "at": at,
                "settled_at": at,
            }
            if _enter(tx, lost):
                book(tx, now.spender, day, spent=left, reserved=0)


def _enter(tx: sqlite3.Connection, row: Mapping[str, object]) -> bool:
    """Add a settled entry with the next number, once."""
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    done = tx.execute(
        f"INSERT OR IGNORE INTO entries ({names}, settled_seq)"
        f" VALUES ({marks}, (SELECT coalesce(max(settled_seq), 0) + 1 FROM entries))",
        tuple(row.values()),
    )
    return done.rowcount > 0
