"""Ceilings: how much may be spent for everything, on a day, for a plan, for a task."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from parhelia_tui.core.meter.money import usd
from parhelia_tui.core.meter.spending import Standing, day_of, standing
from parhelia_tui.core.store.connection import writing_durably

BY_PERSON, BY_CONFIG = "set", "config"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """One ceiling: its scope, nano-USD, who set it (`set` by a person, `config`) and when."""

    scope: str
    limit: int
    source: str
    set_at: float


def put(
    db: sqlite3.Connection, scope: str, limit: int | None, at: float, *, source: str = BY_PERSON
) -> int | None:
    """Set a ceiling; None takes it away. What a person set, a configuration does not change.

    Args:
        scope: `all`, `day`, `plan:ID` or `task:ID`.
        limit: nano-USD.

    Returns:
        What it was before.
    """
    with writing_durably(db) as tx:
        row = tx.execute("SELECT limit_nano, source FROM ceilings WHERE scope = ?", (scope,)).fetchone()
        before = None if row is None else int(row[0])
        if source == BY_CONFIG and row is not None and row[1] == BY_PERSON:
            return before
        if limit is None:
            tx.execute("DELETE FROM ceilings WHERE scope = ?", (scope,))
        else:
            tx.execute("INSERT OR REPLACE INTO ceilings VALUES (?, ?, ?, ?)", (scope, limit, source, at))
    return before


def take_away(db: sqlite3.Connection, scope: str, *, source: str) -> None:
    """Take a ceiling away that this source set."""
    if not db.execute("SELECT 1 FROM ceilings WHERE scope = ? AND source = ?", (scope, source)).fetchone():
        return
    with writing_durably(db) as tx:
        tx.execute("DELETE FROM ceilings WHERE scope = ? AND source = ?", (scope, source))


def lift(db: sqlite3.Connection, scope: str, by: int, at: float, *, entered: int = 0) -> Standing:
    """Raise a ceiling so that `by` nano-USD can be spent from now on at least, and let who was stopped go on.

    A ceiling that was passed lies below what was spent already; raised by 1 USD, it gives 1 USD.

    Args:
        entered: what the ledger has against it, in nano-USD, where that is more than requests have cost.

    Returns:
        How it stands afterwards.
    """
    account = f"day:{day_of(at)}" if scope == "day" else scope
    with writing_durably(db) as tx:
        now = standing(tx, scope, account)
        base = max(now.limit or 0, now.spent, entered)
        tx.execute("INSERT OR REPLACE INTO ceilings VALUES (?, ?, ?, ?)", (scope, base + by, BY_PERSON, at))
        kind, _, name = scope.partition(":")
        if kind == "task":
            tx.execute("DELETE FROM stops WHERE task = ?", (name,))
    return Standing(scope, base + by, now.spent, now.reserved)


def every(db: sqlite3.Connection) -> list[Ceiling]:
    """Read all ceilings: those for everything and for a day first."""
    found = db.execute(
        "SELECT scope, limit_nano, source, set_at FROM ceilings ORDER BY scope NOT IN ('all', 'day'), scope"
    )
    return [Ceiling(*row) for row in found]


def shown(db: sqlite3.Connection) -> str:
    """Give the ceilings that every screen shows, in USD by scope, as JSON."""
    return json.dumps({each.scope: usd(each.limit) for each in every(db) if each.scope in ("all", "day")})


def stop(db: sqlite3.Connection, task: str, at: float) -> None:
    """Refuse every further request of a task, whatever there is to spend."""
    with writing_durably(db) as tx:
        tx.execute("INSERT OR REPLACE INTO stops VALUES (?, ?)", (task, at))


def go_on(db: sqlite3.Connection, task: str) -> None:
    """Take a stop back, if there is one."""
    if db.execute("SELECT 1 FROM stops WHERE task = ?", (task,)).fetchone():
        with writing_durably(db) as tx:
            tx.execute("DELETE FROM stops WHERE task = ?", (task,))
