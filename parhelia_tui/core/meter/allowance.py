"""Allowances: what the meter of a container on another machine may spend, set aside in the book here.

That meter has a book of its own, which knows its allowance and nothing else, and asks for more before a request that
does not fit. So tasks here and there never race past a ceiling, and who is not heard any more spends no more than it
was given. What it settled comes back as entries, and takes the place of what was set aside.

Everything here may be repeated: a request is entered once, a wish and what is given back are whole amounts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from parhelia_tui.core.meter.money import NANO
from parhelia_tui.core.meter.spending import (
    TOKENS,
    Answer,
    Spender,
    Verdict,
    book,
    day_of,
    standings,
)
from parhelia_tui.core.store.connection import writing, writing_durably

AHEAD = NANO // 2
"""What is given beyond a wish at most, so that not every request has to wait for an answer from here."""
SHARE = 4
"""Of what is left under a ceiling so much less is given ahead, since others may need it."""
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


def want(db: sqlite3.Connection, spender: Spender, wanted: int, is_open: int, at: float) -> None:
    """Take note of a wish.

    Args:
        wanted: up to where the limit is to be, in nano-USD.
        is_open: what is set aside there for requests that are under way.
    """
    _checked(wanted, is_open)
    with writing(db) as tx:
        found = _find(tx, spender.container) or Allowance(
            container=spender.container,
            task=spender.task,
            plan=spender.plan,
            group=spender.group,
            day=day_of(at),
            number=0,
            limit=0,
            spent=0,
            wanted=0,
            open=0,
            closed=False,
        )
        _put(tx, replace(found, wanted=wanted, open=is_open, closed=False))


def decide(db: sqlite3.Connection, container: str, at: float) -> tuple[Allowance, Verdict] | None:
    """Give what is wanted, as far as the ceilings allow: by the rules of `spending.reserve`.

    Returns:
        The allowance as it is now, and the answer to its wish; None where there is no such allowance.
    """
    now = _find(db, container)
    if now is None:
        return None
    if db.execute("SELECT 1 FROM stops WHERE task IN (?, ?)", (now.task, now.group)).fetchone():
        return now, Verdict(Answer.STOPPED)
    if now.wanted <= now.limit:
        return now, Verdict(Answer.GRANTED)
    with writing_durably(db) as tx:
        now = _find(tx, container)
        if now is None:
            return None
        now = _of_today(tx, now, day_of(at))
        more = now.wanted - now.limit
        ahead, spent, waiting = AHEAD, [], []
        for each in standings(tx, now.spender, now.day):
            if each.limit is None:
                continue
            room = each.limit - each.spent - each.reserved - more
            ahead = min(ahead, max(0, room) // SHARE)
            if room >= 0:
                continue
            if each.spent >= each.limit:
                spent.append(each)
            elif each.reserved > now.left or now.open:
                waiting.append(each)
        if spent:
            return now, Verdict(Answer.SPENT, tuple(spent))
        if waiting:
            return now, Verdict(Answer.WAIT, tuple(waiting))
        now = _change(tx, now, replace(now, number=now.number + 1, limit=now.wanted + ahead))
    return now, Verdict(Answer.GRANTED)


def give_back(db: sqlite3.Connection, container: str, number: int, limit: int) -> None:
    """Take back what a meter has given up; nothing where it did not know of the last grant yet.

    Args:
        number: of the last grant that it knew.
        limit: what it has for its limit now.
    """
    _checked(number, limit)
    with writing(db) as tx:
        now = _find(tx, container)
        if now is not None and now.number == number and limit < now.limit:
            _change(tx, now, replace(now, limit=limit, wanted=limit))


def settled(db: sqlite3.Connection, spender: Spender, told: Mapping[str, Any]) -> bool:
    """Enter a request that a meter elsewhere has settled.

    Args:
        told: `request`, `model`, `cost`, `state`, `assumed`, `status`, `at`, `subscription` and its tokens.

    Returns:
        False where it was entered before.

    Raises:
        KeyError, TypeError, ValueError: it has another form.
    """
    cost, at = int(told["cost"]), float(told["at"])
    tokens = [int(told[name]) for name in TOKENS]
    status = None if told["status"] is None else int(told["status"])
    subscription = bool(told["subscription"])
    _checked(cost, status or 0, *tokens)
    if told["state"] not in ("settled", "estimated"):
        raise ValueError("an entry that is not settled")
    row = {
        "request": str(told["request"])[:64],
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
        now = _find(tx, spender.container)
        if now is not None and not subscription:
            _change(tx, now, replace(now, spent=now.spent + cost))
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
        now = _find(tx, container)
        if now is None:
            return
        left = now.left
        _change(tx, now, replace(now, spent=max(now.spent, now.limit)))
        tx.execute("DELETE FROM allowances WHERE container = ?", (container,))
        if left and not now.closed:
            day = day_of(at)
            lost = {
                "request": f"untold:{container}:{now.number}",
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


def _checked(*numbers: int) -> None:
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


def _find(db: sqlite3.Connection, container: str) -> Allowance | None:
    row = db.execute("SELECT * FROM allowances WHERE container = ?", (container,)).fetchone()
    return None if row is None else _allowance(row)


def _put(tx: sqlite3.Connection, now: Allowance) -> None:
    tx.execute(
        "INSERT OR REPLACE INTO allowances (container, task, plan, group_task, day, number, limit_nano,"
        " spent_nano, wanted_nano, open_nano, closed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(now.container, now.task, now.plan, now.group, now.day, now.number),
            *(now.limit, now.spent, now.wanted, now.open, int(now.closed)),
        ),
    )


def _change(tx: sqlite3.Connection, before: Allowance, after: Allowance) -> Allowance:
    """Store an allowance with what is set aside for it."""
    _put(tx, after)
    book(tx, after.spender, after.day, spent=0, reserved=after.left - before.left)
    return after


def _of_today(tx: sqlite3.Connection, now: Allowance, day: str) -> Allowance:
    """Set aside today what was set aside on an earlier day: it is today that it will be spent."""
    if now.day == day:
        return now
    moved = replace(now, day=day)
    book(tx, now.spender, now.day, spent=0, reserved=-now.left)
    book(tx, now.spender, day, spent=0, reserved=now.left)
    _put(tx, moved)
    return moved


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
