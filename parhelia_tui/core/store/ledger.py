"""What was spent."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from parhelia_tui.core.model.records import LedgerEntry, Owner, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store import rows

MOST_TOKENS = 10**9
MOST_USD = 10.0**6
MODEL = 100
"""Characters of the name of a model."""


def add(
    tx: sqlite3.Connection,
    task: Task,
    *,
    container_id: str,
    spool_seq: int,
    at: float,
    model: str,
    input_tokens: int,
    output_tokens: int,
    cost_usd: float | None,
) -> bool:
    """Store one spending; one that is stored already changes nothing. The task's own sum is the caller's.

    Returns:
        True when it was new.

    Raises:
        ValueError: for numbers that no response can have. An agent says them, and one that says less than
            nothing, or more than a sum can hold, must not spoil the books of all.
    """
    for tokens in (input_tokens, output_tokens):
        if not 0 <= tokens <= MOST_TOKENS:
            raise ValueError("a response cannot have this number of tokens")
    if cost_usd is not None and not 0 <= cost_usd <= MOST_USD:
        raise ValueError("a response cannot cost this")
    cursor = tx.execute(
        "INSERT INTO ledger (at, task_id, container_id, spool_seq, model, input_tokens, output_tokens,"
        " cost_usd, owner_user, owner_session, owner_environment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (container_id, spool_seq) DO NOTHING",
        (
            at,
            task.id,
            container_id,
            spool_seq,
            _name(model),
            input_tokens,
            output_tokens,
            cost_usd,
            task.owner.user_id,
            task.owner.session_id,
            container_id,
        ),
    )
    return cursor.rowcount == 1


def add_metered(
    tx: sqlite3.Connection,
    task_id: str,
    owner: Owner,
    *,
    container_id: str,
    number: int,
    request: str,
    at: float,
    model: str,
    input_tokens: int,
    output_tokens: int,
    cache_read_tokens: int,
    cache_write_tokens: int,
    cost_usd: float,
    worth_usd: float | None,
    estimated: bool,
) -> bool:
    """Store what the meter booked; what is stored already changes nothing. The task's own sum is the caller's.

    Args:
        number: of the entry in the meter's book.
        worth_usd: what it would have cost, where a subscription paid for it.
        estimated: the answer was cut or the price is not known, so it is what was known of it.

    Returns:
        True when it was new.
    """
    cursor = tx.execute(
        "INSERT INTO ledger (at, task_id, container_id, spool_seq, model, input_tokens, output_tokens,"
        " cache_read_tokens, cache_write_tokens, cost_usd, worth_usd, request, estimated, owner_user,"
        " owner_session, owner_environment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            *(
                at,
                task_id,
                container_id,
                -number,
                _name(model),
                input_tokens,
                output_tokens,
                cache_read_tokens,
            ),
            *(cache_write_tokens, cost_usd, worth_usd, request, int(estimated)),
            *(owner.user_id, owner.session_id),
            container_id,
        ),
    )
    return cursor.rowcount == 1


def _name(model: str) -> str:
    """The name of a model as it is kept: a container chooses it."""
    return one_line(redacted(model), MODEL)


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum over the ledger.

    Args:
        usd: the known costs, in USD.
        unknown: entries whose cost nobody knows; they are not zero.
        worth_usd: what subscriptions paid for would have cost beside that.
    """

    usd: float
    unknown: int
    input_tokens: int
    output_tokens: int
    worth_usd: float = 0.0


def spent(
    db: sqlite3.Connection, *, from_at: float = 0.0, to_at: float | None = None, task_id: str | None = None
) -> Spent:
    """Sum the ledger from `from_at` to `to_at` (epoch seconds), of one task or of all."""
    where, values = "at >= ?", [from_at]  # type: str, list[object]
    if to_at is not None:
        where += " AND at <= ?"
        values.append(to_at)
    if task_id is not None:
        where += " AND task_id = ?"
        values.append(task_id)
    row = db.execute(
        "SELECT coalesce(sum(cost_usd), 0.0), count(*) - count(cost_usd),"
        " coalesce(sum(input_tokens + cache_read_tokens + cache_write_tokens), 0),"
        f" coalesce(sum(output_tokens), 0), coalesce(sum(worth_usd), 0.0) FROM ledger WHERE {where}",
        values,
    ).fetchone()
    return Spent(*row)


def by_hour(db: sqlite3.Connection, now: float, hours: int) -> list[float]:
    """Sum the known costs of each of the last `hours` hours, the oldest first."""
    sums = [0.0] * hours
    begin = now - hours * 3600
    found = db.execute(
        "SELECT CAST((at - ?) / 3600 AS INTEGER), sum(cost_usd) FROM ledger"
        " WHERE at >= ? AND at <= ? GROUP BY 1",
        (begin, begin, now),
    )
    for hour, usd in found:
        sums[min(hour, hours - 1)] += usd or 0.0
    return sums


@dataclass(frozen=True, slots=True)
class Part:
    """What was spent for one thing: a day, a task, a model.

    Args:
        usd: the known costs.
        answers: how many answers they were for.
        estimated: those of them of which not all was known.
        worth_usd: what those would have cost that a subscription paid for.
    """

    name: str
    usd: float
    answers: int
    estimated: int
    input_tokens: int
    output_tokens: int
    worth_usd: float


_PARTS = {
    "day": "date(at, 'unixepoch', 'localtime')",
    # No task had what waited for one.
    "task": "CASE task_id WHEN '' THEN 'spares' ELSE task_id END",
    "model": "model",
}


def parts(db: sqlite3.Connection, by: str, from_at: float, task_id: str | None = None) -> list[Part]:
    """Sum the ledger by `day`, `task` or `model`: days in order, everything else the dearest first."""
    name = _PARTS[by]
    order = "1" if by == "day" else "2 DESC, 1"
    found = db.execute(
        f"SELECT {name}, coalesce(sum(cost_usd), 0.0), count(*),"
        " sum(estimated OR cost_usd IS NULL),"
        " sum(input_tokens + cache_read_tokens + cache_write_tokens), sum(output_tokens),"
        " coalesce(sum(worth_usd), 0.0)"
        " FROM ledger WHERE at >= ? AND (? IS NULL OR task_id = ?)"
        f" GROUP BY 1 ORDER BY {order}",
        (from_at, task_id, task_id),
    )
    return [Part(*row) for row in found]


def of_task(db: sqlite3.Connection, task_id: str) -> list[LedgerEntry]:
    """Read the spendings of a task, in order."""
    return [
        rows.ledger_entry(row)
        for row in db.execute("SELECT * FROM ledger WHERE task_id = ? ORDER BY id", (task_id,))
    ]


def last_at(db: sqlite3.Connection, container_id: str, model: str) -> float | None:
    """When the newest entry of this kind for a container was made, in epoch seconds; None where there is none."""
    found = db.execute(
        "SELECT max(at) FROM ledger WHERE container_id = ? AND model = ?", (container_id, model)
    ).fetchone()[0]
    return None if found is None else float(found)


def last_id(db: sqlite3.Connection) -> int:
    """Give the number of the newest entry, 0 when there is none."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM ledger").fetchone()[0])
