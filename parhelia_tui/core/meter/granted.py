"""The book of a meter on another machine: it holds what this container was granted, and what it spent of that."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from parhelia_tui.core.meter.spending import TOKENS, Answer, Spender, day_of, set_aside, standing
from parhelia_tui.core.store.connection import writing, writing_durably


@dataclass(frozen=True, slots=True)
class Granted:
    """How it stands, in nano-USD.

    Args:
        number: of the last grant.
        limit: what may be spent altogether.
        spent, reserved: what was, and what is set aside for open requests.
    """

    number: int
    limit: int
    spent: int
    reserved: int

    @property
    def used(self) -> int:
        """What is spent and set aside."""
        return self.spent + self.reserved


def state(db: sqlite3.Connection, spender: Spender) -> Granted:
    """Read how it stands."""
    row = db.execute(
        "SELECT number, limit_nano FROM allowances WHERE container = ?", (spender.container,)
    ).fetchone()
    now = standing(db, "", f"task:{spender.task}")
    number, limit = row or (0, 0)
    return Granted(number, limit, now.spent, now.reserved)


def reserve(
    db: sqlite3.Connection, request: str, spender: Spender, model: str, estimate: int, at: float
) -> Answer:
    """Set money aside for a request; `WAIT` where what was granted is not enough for it.

    Nothing ever goes beyond what was granted: whether the last response may is decided where all of it is known.
    """
    with writing(db) as tx:
        if tx.execute("SELECT 1 FROM entries WHERE request = ?", (request,)).fetchone():
            return Answer.GRANTED
        now = state(tx, spender)
        if not spender.subscription and now.used + estimate > now.limit:
            return Answer.WAIT
        set_aside(tx, request, spender, model, estimate, at)
    return Answer.GRANTED


def grant(db: sqlite3.Connection, spender: Spender, number: int, limit: int, at: float) -> None:
    """Take a grant; one that is not newer than the last changes nothing."""
    with writing_durably(db) as tx:
        if number > state(tx, spender).number:
            tx.execute(
                "INSERT OR REPLACE INTO allowances (container, task, plan, day, number, limit_nano)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (spender.container, spender.task, spender.plan, day_of(at), number, limit),
            )


def give_up(db: sqlite3.Connection, spender: Spender) -> Granted | None:
    """Give up what nothing is set aside for; None where requests are open, or there is nothing to give up."""
    with writing_durably(db) as tx:
        now = state(tx, spender)
        if now.reserved or now.limit <= now.spent:
            return None
        tx.execute("UPDATE allowances SET limit_nano = ? WHERE container = ?", (now.spent, spender.container))
    return Granted(now.number, now.spent, now.spent, 0)


def settled_since(db: sqlite3.Connection, seq: int) -> list[tuple[int, dict[str, object]]]:
    """Give what was settled after an entry's number, as it is told to who keeps the whole book."""
    names = ("request", "model", "state", "assumed", "status", "subscription", *TOKENS)
    found = db.execute(
        f"SELECT settled_seq, cost_nano AS cost, settled_at AS at, {', '.join(names)} FROM entries"
        " WHERE settled_seq > ? ORDER BY settled_seq",
        (seq,),
    )
    told = ("cost", "at", *names)
    return [(row["settled_seq"], {name: row[name] for name in told}) for row in found]
