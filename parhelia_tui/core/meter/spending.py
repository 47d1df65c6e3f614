"""Asking for money before a request, and saying afterwards what it cost.

Every function is one short transaction that holds the write lock from its beginning, so any number of
processes may ask at the same moment.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, field
from enum import StrEnum

from parhelia_tui.core.meter.bill import Usage
from parhelia_tui.core.meter.money import shown
from parhelia_tui.core.store.connection import writing, writing_durably

PROVIDER = "provider"
"""In the place of a ceiling: what waits, waits for the limit of the provider's account."""


@dataclass(frozen=True, slots=True)
class Spender:
    """Who asks for money: a container that works on a task, of a plan or of none.

    Args:
        group: the task whose part the task is; what bounds that bounds all its parts together.
        subscription: the key is that of an account with a subscription, so it costs no money: what it uses is
            kept, with what it would cost, and no ceiling bounds it.
    """

    container: str
    task: str
    plan: str | None = None
    subscription: bool = False
    group: str | None = None

    def scopes(self, day: str) -> tuple[tuple[str, str], ...]:
        """Pairs of a ceiling and the account that it bounds."""
        if self.subscription:
            return ()
        found = [("all", "all"), ("day", f"day:{day}"), (f"task:{self.task}", f"task:{self.task}")]
        if self.plan is not None:
            found.append((f"plan:{self.plan}", f"plan:{self.plan}"))
        if self.group is not None:
            found.append((f"task:{self.group}", f"task:{self.group}"))
        return tuple(found)


def day_of(at: float) -> str:
    """The day of a moment, where this machine is."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


@dataclass(frozen=True, slots=True)
class Standing:
    """One ceiling and what stands against it, in nano-USD.

    Args:
        scope: `all`, `day`, `plan:ID` or `task:ID`.
        limit: None where there is no ceiling.
        spent: what was spent.
        reserved: what is set aside for requests that are open.
    """

    scope: str
    limit: int | None
    spent: int
    reserved: int

    @property
    def words(self) -> str:
        """Which ceiling, and how far it is used."""
        kind, _, name = self.scope.partition(":")
        what = {"all": "everything", "day": "today"}.get(kind, f"{kind} {name}")
        return f"{shown(self.spent)} of {shown(self.limit or 0)} for {what} are spent"


class Answer(StrEnum):
    """What becomes of a request: it may go, it waits for others to be settled, there is nothing left."""

    GRANTED = "granted"
    WAIT = "wait"
    SPENT = "spent"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and the ceilings that stand in the way."""

    answer: Answer
    ceilings: tuple[Standing, ...] = field(default=())


def reserve(
    db: sqlite3.Connection, request: str, spender: Spender, model: str, estimate: int, at: float
) -> Verdict:
    """Set money aside for a request that is about to be sent.

    A ceiling lets a request through when what was spent, what is set aside and this request fit under it. Where
    they do not, a request goes all the same if money is left and nobody else's is open: an estimate is no
    reason to leave a budget half used, and so the last response alone may go beyond. If others are open, it
    waits for what they really cost.

    Args:
        request: a name of its own; asked for twice, it is granted once and stays so.
        model: as the request says it.
        estimate: what it will cost, in nano-USD.
        at: epoch seconds.
    """
    day = day_of(at)
    with writing(db) as tx:
        if tx.execute("SELECT 1 FROM entries WHERE request = ?", (request,)).fetchone():
            return Verdict(Answer.GRANTED)
        if tx.execute("SELECT 1 FROM stops WHERE task IN (?, ?)", (spender.task, spender.group)).fetchone():
            return Verdict(Answer.STOPPED)
        waiting, spent = [], []
        for each in standings(tx, spender, day):
            if each.limit is None or each.spent + each.reserved + estimate <= each.limit:
                continue
            if each.spent >= each.limit:
                spent.append(each)
            elif each.reserved:
                waiting.append(each)
        if spent:
            return Verdict(Answer.SPENT, tuple(spent))
        if waiting:
            return Verdict(Answer.WAIT, tuple(waiting))
        set_aside(tx, request, spender, model, estimate, at)
    return Verdict(Answer.GRANTED)


def set_aside(
    tx: sqlite3.Connection, request: str, spender: Spender, model: str, estimate: int, at: float
) -> None:
    """Open the entry of a request that may go."""
    day = day_of(at)
    tx.execute(
        "INSERT INTO entries (request, container, task, plan, day, model, state, reserved_nano, at,"
        " subscription, group_task) VALUES (?, ?, ?, ?, ?, ?, 'reserved', ?, ?, ?, ?)",
        (
            request,
            spender.container,
            spender.task,
            spender.plan,
            day,
            model,
            estimate,
            at,
            spender.subscription,
            spender.group,
        ),
    )
    book(tx, spender, day, spent=0, reserved=estimate)


def adjust(db: sqlite3.Connection, request: str, usage: Usage, estimate: int) -> None:
    """Take note of what an open request is known to use by now; if nobody can settle it, that is charged.

    Args:
        estimate: the cost of this and of what is still expected, in nano-USD.
    """
    with writing(db) as tx:
        row = _open_entry(tx, request)
        if row is None:
            return
        tx.execute(
            "UPDATE entries SET reserved_nano = ?, input_tokens = ?, output_tokens = ?, cache_read = ?,"
            " cache_write_5m = ?, cache_write_1h = ? WHERE request = ?",
            (estimate, *_tokens(usage), request),
        )
        book(tx, _spender(row), row["day"], spent=0, reserved=estimate - row["reserved_nano"])


def settle(
    db: sqlite3.Connection,
    request: str,
    usage: Usage,
    cost: int,
    at: float,
    *,
    estimated: bool = False,
    assumed: bool = False,
    status: int | None = None,
) -> bool:
    """Say what a request cost; a second time nothing happens. It survives a power cut.

    Args:
        cost: in nano-USD.
        estimated: nobody said it all; what is known was counted.
        assumed: the model is in no table of prices.
        status: of the answer (HTTP); None where there was none.

    Returns:
        False when the request was settled before, or never granted.
    """
    with writing_durably(db) as tx:
        row = _open_entry(tx, request)
        if row is None:
            return False
        state = "estimated" if estimated else "settled"
        _close(tx, row, _tokens(usage), cost, at, state=state, assumed=assumed, status=status)
    return True


def settle_abandoned(db: sqlite3.Connection, container: str, at: float) -> int:
    """Charge the open requests of a container whose spender has died for what is known of them.

    Only who knows that it is dead may call this.

    Returns:
        How many there were.
    """
    if not db.execute(
        "SELECT 1 FROM entries WHERE container = ? AND state = 'reserved'", (container,)
    ).fetchone():
        return 0
    with writing_durably(db) as tx:
        found = tx.execute(
            "SELECT * FROM entries WHERE container = ? AND state = 'reserved'", (container,)
        ).fetchall()
        for row in found:
            tokens = tuple(row[name] for name in TOKENS)
            _close(tx, row, tokens, row["reserved_nano"], at, state="estimated", assumed=False, status=None)
    return len(found)


def standings(db: sqlite3.Connection, spender: Spender, day: str) -> list[Standing]:
    """Read what stands against each ceiling of a spender."""
    return [standing(db, ceiling, account) for ceiling, account in spender.scopes(day)]


def standing(db: sqlite3.Connection, ceiling: str, account: str) -> Standing:
    """Read what stands against one ceiling."""
    limit = db.execute("SELECT limit_nano FROM ceilings WHERE scope = ?", (ceiling,)).fetchone()
    sums = db.execute("SELECT spent_nano, reserved_nano FROM accounts WHERE scope = ?", (account,)).fetchone()
    return Standing(ceiling, limit[0] if limit else None, *(sums or (0, 0)))


TOKENS = ("input_tokens", "output_tokens", "cache_read", "cache_write_5m", "cache_write_1h")
"""The columns of a request's tokens."""


def _tokens(usage: Usage) -> tuple[int, ...]:
    return (usage.input, usage.output, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h)


def _open_entry(tx: sqlite3.Connection, request: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = tx.execute(
        "SELECT * FROM entries WHERE request = ? AND state = 'reserved'", (request,)
    ).fetchone()
    return found


def _spender(row: sqlite3.Row) -> Spender:
    return Spender(row["container"], row["task"], row["plan"], bool(row["subscription"]), row["group_task"])


def _close(
    tx: sqlite3.Connection,
    row: sqlite3.Row,
    tokens: tuple[int, ...],
    cost: int,
    at: float,
    *,
    state: str,
    assumed: bool,
    status: int | None,
) -> None:
    # The write lock is held, so the numbers grow in the order of the commits and nobody reads past one.
    tx.execute(
        "UPDATE entries SET state = ?, cost_nano = ?, assumed = ?, status = ?, settled_at = ?,"
        " input_tokens = ?, output_tokens = ?, cache_read = ?, cache_write_5m = ?, cache_write_1h = ?,"
        " settled_seq = (SELECT coalesce(max(settled_seq), 0) + 1 FROM entries) WHERE request = ?",
        (state, cost, int(assumed), status, at, *tokens, row["request"]),
    )
    book(tx, _spender(row), row["day"], spent=cost, reserved=-row["reserved_nano"])


def book(tx: sqlite3.Connection, spender: Spender, day: str, *, spent: int, reserved: int) -> None:
    """Change what is spent and set aside in every account of a spender, by so many nano-USD."""
    for _, account in spender.scopes(day):
        tx.execute(
            "INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (scope) DO UPDATE SET"
            " spent_nano = spent_nano + excluded.spent_nano,"
            " reserved_nano = max(0, reserved_nano + ?)",
            (account, spent, max(0, reserved), reserved),
        )
