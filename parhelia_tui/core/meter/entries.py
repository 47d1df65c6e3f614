"""What was spent, in the order in which it became certain."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One settled request.

    Args:
        seq: grows with each entry that becomes certain; never used twice.
        cost: nano-USD; of a subscription what it would have been.
        estimated: the answer was cut, so what is known of it was counted.
        assumed: the model is in no table of prices and was charged as the dearest known one.
        status: of the answer (HTTP); None where there was none.
    """

    seq: int
    request: str
    container: str
    task: str
    plan: str | None
    group_task: str | None
    model: str
    cost: int
    estimated: bool
    assumed: bool
    status: int | None
    input_tokens: int
    output_tokens: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    at: float
    subscription: bool


def since(db: sqlite3.Connection, seq: int, most: int = 500) -> list[Entry]:
    """Read the entries after `seq`, in order, at most so many."""
    found = db.execute(
        "SELECT settled_seq AS seq, request, container, task, plan, group_task, model, cost_nano AS cost,"
        " state = 'estimated' AS estimated, assumed, status,"
        " input_tokens, output_tokens, cache_read, cache_write_5m, cache_write_1h, settled_at AS at,"
        " subscription FROM entries"
        " WHERE settled_seq > ? ORDER BY settled_seq LIMIT ?",
        (seq, most),
    )
    return [
        Entry(**{**dict(row), **{name: bool(row[name]) for name in ("estimated", "assumed", "subscription")}})
        for row in found
    ]


def containers_with_open(db: sqlite3.Connection) -> list[str]:
    """Name the containers that have requests which nobody has settled."""
    return [row[0] for row in db.execute("SELECT DISTINCT container FROM entries WHERE state = 'reserved'")]
