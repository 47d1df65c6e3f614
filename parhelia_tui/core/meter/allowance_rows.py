"""Allowances as they stand in the book here, in one row each."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from parhelia_tui.core.meter.spending import Spender, book

_MOST = 1 << 53


@dataclass(frozen=True, slots=True)
class Allowance:
    """One container's allowance, in nano-USD.

    Args:
        number: of the last grant; a later one has a higher number.
        limit: what it may spend altogether.
        spent: what it has told of.
        wanted: up to where it wants the limit to be.
        open: what it has set aside for requests that are under way, as it said with its wish.
        closed: it has said that nothing more comes.
    """

    container: str
    task: str
    plan: str | None
    group: str | None
    day: str
    number: int
    limit: int
    spent: int
    wanted: int
    open: int
    closed: bool

    @property
    def left(self) -> int:
        """What is set aside for it."""
        return max(0, self.limit - self.spent)

    @property
    def spender(self) -> Spender:
        """Who spends it."""
        return Spender(self.container, self.task, self.plan, group=self.group)


def every(db: sqlite3.Connection) -> list[Allowance]:
    """Read all of them."""
    return [_allowance(row) for row in db.execute("SELECT * FROM allowances ORDER BY container")]


def find(db: sqlite3.Connection, container: str) -> Allowance | None:
    """Read one of them."""
    row = db.execute("SELECT * FROM allowances WHERE container = ?", (container,)).fetchone()
    return None if row is None else _allowance(row)


def put(tx: sqlite3.Connection, now: Allowance) -> None:
    """Store it."""
    tx.execute(
        "INSERT OR REPLACE INTO allowances (container, task, plan, group_task, day, number, limit_nano,"
        " spent_nano, wanted_nano, open_nano, closed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(now.container, now.task, now.plan, now.group, now.day, now.number),
            *(now.limit, now.spent, now.wanted, now.open, int(now.closed)),
        ),
    )


def change(tx: sqlite3.Connection, before: Allowance, after: Allowance) -> Allowance:
    """Store an allowance with what is set aside for it."""
    put(tx, after)
    book(tx, after.spender, after.day, spent=0, reserved=after.left - before.left)
    return after


def checked(*numbers: int) -> None:
    """Refuse what a meter elsewhere says that cannot be an amount. Raises ValueError."""
    if not all(type(each) is int and 0 <= each < _MOST for each in numbers):
        raise ValueError("an amount of money cannot be this")


def _allowance(row: sqlite3.Row) -> Allowance:
    return Allowance(
        container=row["container"],
        task=row["task"],
        plan=row["plan"],
        group=row["group_task"],
        day=row["day"],
        number=row["number"],
        limit=row["limit_nano"],
        spent=row["spent_nano"],
        wanted=row["wanted_nano"],
        open=row["open_nano"],
        closed=bool(row["closed"]),
    )
