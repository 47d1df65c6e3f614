"""The fleet at one moment, and what changed in it since: the values that fronts show."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from parhelia_tui.core.model.records import Approval, Container, Event, Heartbeat, Session, Task
from parhelia_tui.core.model.spares import Spare
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.settings.disk import is_full
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.process_lock import holder
from parhelia_tui.core.store import approvals, containers, events, ledger, meta, sessions, spares, tasks
from parhelia_tui.core.store.changes import current_rev

ENDED_SHOWN = 50
"""How many of the newest containers are given although they have ended."""
EVENTS_SHOWN = 200
TASKS_FIRST = 100
CONTAINERS_FIRST = 100
HOURS_SHOWN = 24
DISK_FULL = "the disk of the state directory is full: what happens is recorded once there is room again"


@dataclass(frozen=True, slots=True)
class Silent:
    """A backend that does not answer the controller.

    Args:
        since: when it was first asked in vain, in epoch seconds.
        why: what it answers in place of what it was asked for; empty for nothing.
    """

    since: float
    why: str

    def in_words(self, name: str) -> str:
        """Say it of the backend of a name; what runs there is not ended by it."""
        since = f"since {time.strftime('%H:%M:%S', time.localtime(self.since))}"
        said = f"cannot be looked at {since}: {self.why}" if self.why else f"has not answered {since}"
        return f"{name} {said}; what runs there goes on"


@dataclass(frozen=True, slots=True)
class ControllerStatus:
    """What a front can see of the controller.

    Args:
        state: `running` or `absent`.
        since: epoch seconds of its start.
        isolation: `bubblewrap` or `none`; empty while no controller has looked yet.
        silent: the backends that do not answer it.
        disk_full: nothing can be written into the state directory, by it or by anybody.
        spares: the sandboxes that wait for a task, and cost.
    """

    state: str
    pid: int | None
    since: float | None
    backend: str
    isolation: str
    silent: Mapping[str, Silent] = field(default_factory=dict)
    disk_full: bool = False
    spares: tuple[Spare, ...] = ()

    def troubles(self) -> list[str]:
        """Say in words what is in the way for as long as it lasts."""
        return [
            *([DISK_FULL] if self.disk_full else []),
            *(each.in_words(name) for name, each in sorted(self.silent.items())),
        ]


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the whole fleet; money in USD, of known costs alone.

    Args:
        unknown_cost_entries: spendings since midnight whose cost nobody knows.
        burn_usd_per_hour: spent in the last 60 minutes.
        hours: spent in each of the last 24 hours, the oldest first.
        ceilings: for `all` and for a `day`, where there are such.
        worth_today_usd, worth_total_usd: what subscriptions paid for would have cost beside that.
    """

    by_state: dict[TaskState, int]
    spent_today_usd: float
    spent_total_usd: float
    unknown_cost_entries: int
    input_tokens: int
    output_tokens: int
    burn_usd_per_hour: float
    hours: tuple[float, ...]
    ceilings: dict[str, float] = field(default_factory=dict)
    worth_today_usd: float = 0.0
    worth_total_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """All that the home screen shows, read in one transaction.

    Args:
        tasks: newest first; prompts are cut to 400 characters.
        containers: the newest of the live ones, and of the ended ones.
        events: the newest, oldest of them first.
        waiting: the questions that wait, also those whose answer is on its way, oldest first.
    """

    rev: int
    at: float
    tasks: tuple[Task, ...]
    containers: tuple[Container, ...]
    sessions: tuple[Session, ...]
    events: tuple[Event, ...]
    totals: Totals
    controller: ControllerStatus
    waiting: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetChange:
    """What is new since the last snapshot or change: whole records in place of the old ones.

    Args:
        waiting: all questions that wait, as in a snapshot.
    """

    rev: int
    at: float
    tasks: tuple[Task, ...]
    containers: tuple[Container, ...]
    sessions: tuple[Session, ...]
    events: tuple[Event, ...]
    heartbeats: tuple[Heartbeat, ...]
    totals: Totals
    controller: ControllerStatus
    waiting: tuple[Approval, ...] = ()


def controller_status(db: sqlite3.Connection, paths: Paths) -> ControllerStatus:
    """See whether a controller holds its lock, and what it said of itself."""
    pid = holder(paths.controller_lock)
    row = db.execute("SELECT value FROM meta WHERE key = 'controller'").fetchone()
    said = json.loads(row[0]) if row else {}
    silent = json.loads(meta.get(db, meta.SILENT) or "{}")
    mine = pid is not None and said.get("pid") == pid
    return ControllerStatus(
        state="absent" if pid is None else "running",
        pid=pid,
        since=said.get("since") if mine else None,
        backend=said.get("backend", "local"),
        isolation=said.get("isolation", ""),
        # While nobody asks, nobody knows.
        silent={name: Silent(**each) for name, each in silent.items()} if mine else {},
        disk_full=is_full(paths.home),
        spares=tuple(each for each in spares.live(db) if each.gone_at > time.time()),
    )


@dataclass(frozen=True, slots=True)
class Money:
    """The sums of the ledger, and what they were taken from."""

    ledger_id: int
    minute: int
    today: ledger.Spent
    ever: ledger.Spent
    burn_usd_per_hour: float
    hours: tuple[float, ...]


def money(db: sqlite3.Connection, now: float, known: Money | None = None) -> Money:
    """Sum the ledger as it is at `now` (epoch seconds); a day begins at local midnight.

    Args:
        known: sums taken earlier; given back as they are while no entry is new and the minute is the same,
            because summing costs time that grows with the ledger.
    """
    ledger_id, minute = ledger.last_id(db), int(now // 60)
    if known is not None and (known.ledger_id, known.minute) == (ledger_id, minute):
        return known
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    return Money(
        ledger_id=ledger_id,
        minute=minute,
        today=ledger.spent(db, from_at=midnight),
        ever=ledger.spent(db),
        burn_usd_per_hour=ledger.spent(db, from_at=now - 3600).usd,
        hours=tuple(ledger.by_hour(db, now, HOURS_SHOWN)),
    )


def totals(db: sqlite3.Connection, sums: Money) -> Totals:
    """Put the sums of the ledger beside the numbers of tasks by state."""
    return Totals(
        by_state=tasks.counts(db),
        spent_today_usd=sums.today.usd,
        spent_total_usd=sums.ever.usd,
        unknown_cost_entries=sums.today.unknown,
        input_tokens=sums.ever.input_tokens,
        output_tokens=sums.ever.output_tokens,
        burn_usd_per_hour=sums.burn_usd_per_hour,
        hours=sums.hours,
        ceilings=json.loads(meta.get(db, meta.CEILINGS) or "{}"),
        worth_today_usd=sums.today.worth_usd,
        worth_total_usd=sums.ever.worth_usd,
    )


def snapshot(db: sqlite3.Connection, paths: Paths, now: float) -> FleetSnapshot:
    """Read the fleet at `now` (epoch seconds) for a first frame; the caller has opened a reading transaction.

    Of many tasks these are the first (`tasks.first_seen`): ten thousand would hold a frame up for 0.3 s; of the
    containers the newest, since a thousand would hold it up for 0.02 s.
    """
    live = containers.live(db, newest=CONTAINERS_FIRST)
    known = {container.id for container in live}
    ended = [each for each in containers.listed(db, limit=ENDED_SHOWN) if each.id not in known]
    return FleetSnapshot(
        rev=current_rev(db),
        at=now,
        tasks=tuple(tasks.first_seen(db, TASKS_FIRST)),
        containers=tuple(live + ended),
        sessions=tuple(sessions.listed(db, ended_too=False)),
        events=tuple(events.newest(db, EVENTS_SHOWN)),
        totals=totals(db, money(db, now)),
        controller=controller_status(db, paths),
        waiting=tuple(approvals.waiting(db)),
    )
