"""Allowances: what the meter of a container on another machine may spend, set aside in the book here.

That meter has a book of its own, which knows its allowance and nothing else, and asks for more before a request that
does not fit. So tasks here and there never race past a ceiling, and who is not heard any more spends no more than it
was given. What it settled comes back as entries (`told`), and takes the place of what was set aside.

Everything here may be repeated: a wish and what is given back are whole amounts.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from parhelia_tui.core.meter.allowance_rows import Allowance, change, checked, find, put
from parhelia_tui.core.meter.money import NANO
from parhelia_tui.core.meter.spending import Answer, Spender, Verdict, book, day_of, standings
from parhelia_tui.core.store.connection import writing, writing_durably

AHEAD = NANO // 2
"""What is given beyond a wish at most, so that not every request has to wait for an answer from here."""
SHARE = 4
"""Of what is left under a ceiling so much less is given ahead, since others may need it."""


def want(db: sqlite3.Connection, spender: Spender, wanted: int, is_open: int, at: float) -> None:
    """Take note of a wish.

    Args:
        wanted: up to where the limit is to be, in nano-USD.
        is_open: what is set aside there for requests that are under way.
    """
    checked(wanted, is_open)
    with writing(db) as tx:
        found = find(tx, spender.container) or Allowance(
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
        put(tx, replace(found, wanted=wanted, open=is_open, closed=False))


def decide(db: sqlite3.Connection, container: str, at: float) -> tuple[Allowance, Verdict] | None:
    """Give what is wanted, as far as the ceilings allow: by the rules of `spending.reserve`.

    Returns:
        The allowance as it is now, and the answer to its wish; None where there is no such allowance.
    """
    now = find(db, container)
    if now is None:
        return None
    if db.execute("SELECT 1 FROM stops WHERE task IN (?, ?)", (now.task, now.group)).fetchone():
        return now, Verdict(Answer.STOPPED)
    if now.wanted <= now.limit:
        return now, Verdict(Answer.GRANTED)
    with writing_durably(db) as tx:
        now = find(tx, container)
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
        now = change(tx, now, replace(now, number=now.number + 1, limit=now.wanted + ahead))
    return now, Verdict(Answer.GRANTED)


def give_back(db: sqlite3.Connection, container: str, number: int, limit: int) -> None:
    """Take back what a meter has given up; nothing where it did not know of the last grant yet.

    Args:
        number: of the last grant that it knew.
        limit: what it has for its limit now.
    """
    checked(number, limit)
    with writing(db) as tx:
        now = find(tx, container)
        if now is not None and now.number == number and limit < now.limit:
            change(tx, now, replace(now, limit=limit, wanted=limit))


def _of_today(tx: sqlite3.Connection, now: Allowance, day: str) -> Allowance:
    """Set aside today what was set aside on an earlier day: it is today that it will be spent."""
    if now.day == day:
        return now
    moved = replace(now, day=day)
    book(tx, now.spender, now.day, spent=0, reserved=-now.left)
    book(tx, now.spender, day, spent=0, reserved=now.left)
    put(tx, moved)
    return moved
