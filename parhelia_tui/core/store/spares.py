"""Spare sandboxes in the store, and their money in the ledger."""

from __future__ import annotations

import sqlite3
from typing import Any

from parhelia_tui.core.model.records import Container, Limits
from parhelia_tui.core.model.spares import Spare, SpareState
from parhelia_tui.core.store.changes import insert
from parhelia_tui.core.store.containers import KIND

_COLUMNS = (
    "id, backend, state, made_like, agent, network, cpus, memory_mb, lifetime_s, region, asked_at, made_at, booked_at,"
    " entries, ended_at, reason"
)
_LIVE = "state <> 'ended'"
_FIRST_ENTRY = -(1 << 62)
"""The number of the first entry of a spare in the ledger. Those of heartbeats are positive; those of a meter are negative
and never reach this."""


def add(tx: sqlite3.Connection, spare_id: str, like: Container, agent: str, at: float) -> Spare:
    """Store a spare that is about to be made like the sandbox of a container.

    Args:
        agent: of the task of that container.
        at: epoch seconds.
    """
    insert(
        tx,
        "spares",
        {
            "id": spare_id,
            "backend": like.backend,
            "state": SpareState.MAKING,
            "made_like": like.id,
            "agent": agent,
            "network": like.network,
            "cpus": like.limits.cpus,
            "memory_mb": like.limits.memory_mb,
            "lifetime_s": like.limits.lifetime_s,
            "region": like.limits.region,
            "asked_at": at,
            "booked_at": at,
        },
    )
    found = find(tx, spare_id)
    assert found is not None
    return found


def find(db: sqlite3.Connection, spare_id: str) -> Spare | None:
    """Read one; None where there is none of this id."""
    row = db.execute(f"SELECT {_COLUMNS} FROM spares WHERE id = ?", (spare_id,)).fetchone()
    return None if row is None else _spare(row)


def meant(db: sqlite3.Connection, text: str) -> list[Spare]:
    """Read those that have not ended and that a person may mean by an id or a beginning of one, with or without `c-`."""
    begin = text if text.startswith(KIND.prefix) else f"{KIND.prefix}{text}"
    return [each for each in live(db) if text and each.id.startswith(begin)]


def every(db: sqlite3.Connection) -> list[Spare]:
    """Read all, also those that ended lately, the oldest first."""
    return [_spare(row) for row in db.execute(f"SELECT {_COLUMNS} FROM spares ORDER BY asked_at, id")]


def any_of(db: sqlite3.Connection) -> bool:
    """Say whether there is one, be it one that has ended."""
    return db.execute("SELECT 1 FROM spares LIMIT 1").fetchone() is not None


def live(db: sqlite3.Connection) -> list[Spare]:
    """Read those that have not ended, the oldest first."""
    found = db.execute(f"SELECT {_COLUMNS} FROM spares WHERE {_LIVE} ORDER BY asked_at, id")
    return [_spare(row) for row in found]


def update(tx: sqlite3.Connection, spare_id: str, **columns: str | float | int | None) -> None:
    """Change columns of one."""
    sets = ", ".join(f"{name} = ?" for name in columns)
    tx.execute(f"UPDATE spares SET {sets} WHERE id = ?", (*columns.values(), spare_id))


def remove(tx: sqlite3.Connection, spare_id: str) -> None:
    """Forget one: a container has taken its id, or no listing shows it any more."""
    tx.execute("DELETE FROM spares WHERE id = ?", (spare_id,))


def book(tx: sqlite3.Connection, spare: Spare, *, until: float, cost_usd: float) -> None:
    """Enter what it has cost since the last entry. It belongs to no task, and counts for everything and for its day.

    Args:
        until: epoch seconds.
    """
    insert(
        tx,
        "ledger",
        {
            "at": until,
            "task_id": "",
            "container_id": spare.id,
            "spool_seq": _FIRST_ENTRY + spare.entries,
            "model": spare.backend,
            "input_tokens": 0,
            "output_tokens": 0,
            "cost_usd": cost_usd,
            "owner_environment": spare.id,
        },
    )
    update(tx, spare.id, booked_at=until, entries=spare.entries + 1)


def _spare(row: Any) -> Spare:
    return Spare(
        id=row[0],
        backend=row[1],
        state=SpareState(row[2]),
        like=row[3],
        agent=row[4],
        network=row[5],
        limits=Limits(cpus=row[6], memory_mb=row[7], lifetime_s=row[8], region=row[9]),
        asked_at=row[10],
        made_at=row[11],
        booked_at=row[12],
        entries=row[13],
        ended_at=row[14],
        reason=row[15],
    )
