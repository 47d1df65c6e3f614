"""What fronts ask and wish of money: ceilings, what stands against them, what was spent for what."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parhelia_tui.core.meter import book, ceilings
from parhelia_tui.core.meter.left import entered
from parhelia_tui.core.meter.money import NANO, nano, usd
from parhelia_tui.core.meter.payer import by_subscription
from parhelia_tui.core.meter.spending import Standing, day_of, standing
from parhelia_tui.core.model.display import money
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Owner, Task
from parhelia_tui.core.model.states import TASK_ENDED
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.read_only import refuse_if_read_only
from parhelia_tui.core.store import events, ledger, meta, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.ledger import Part

if TYPE_CHECKING:
    from parhelia_tui.core.settings.config_spending import ApiConfig

HOUR_S = 3600.0
MOST_USD = 1_000_000
SAMPLE = 200
"""Ended tasks from which the cost of the next one is guessed."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One ceiling and what stands against it, in USD.

    Args:
        scope: `all`, `day`, `plan:ID` or `task:ID`.
        limit_usd: None where there is no ceiling.
        spent_usd: for models, sandboxes and whatever else is in the ledger, as ceilings count it.
        reserved_usd: set aside for requests that are open.
        left_usd: None where there is no ceiling; below nothing where the last answer went beyond.
        source: `set` by a person, `config`, or empty.
        burn_usd_per_hour: spent in the last 60 minutes.
        ends_at: when it is spent if that goes on, in epoch seconds; None where it does not end.
    """

    scope: str
    limit_usd: float | None
    spent_usd: float
    reserved_usd: float
    left_usd: float | None
    source: str
    burn_usd_per_hour: float
    ends_at: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What something may cost, in USD.

    Args:
        usual_usd: in the middle of those before it, or exactly, where tokens were given.
        high_usd: what nine of ten do not exceed.
        tasks: how many it is guessed from; 0 where tokens were given.
        about: how it was found.
    """

    usual_usd: float
    high_usd: float
    tasks: int
    about: str


class Budgets:
    """The part of the door that is about money.

    Args:
        paths: the state directory.
        owner: who wishes.
        db: gives the client's connection.
        clock: gives epoch seconds.
        task_of: finds a task by id, slug, session or container. Raises E201, E101.
    """

    def __init__(
        self,
        paths: Paths,
        owner: Owner,
        db: Callable[[], sqlite3.Connection],
        clock: Callable[[], float],
        task_of: Callable[[str], Task],
    ) -> None:
        self._paths = paths
        self._owner = owner
        self._open = db
        self._clock = clock
        self._task_of = task_of

    # Looking

    def standing(self) -> list[Budget]:
        """Read the ceilings: for everything and for today always, then every other one."""
        now = self._clock()
        with self._book() as opened:
            known = {each.scope: each for each in ceilings.every(opened)}
            scopes = ["all", "day", *(scope for scope in known if scope not in ("all", "day"))]
            return [self._line(opened, scope, known.get(scope), now) for scope in scopes]

    def of_task(self, task: Task) -> list[Budget]:
        """Read the ceilings that bound a task, its own among them also where it has none."""
        now = self._clock()
        scopes = ["all", "day", f"task:{task.id}", *([f"plan:{task.batch}"] if task.batch else [])]
        if task.parent_id is not None:
            scopes.append(f"task:{task.parent_id}")
        with self._book() as opened:
            known = {each.scope: each for each in ceilings.every(opened)}
            return [self._line(opened, scope, known.get(scope), now) for scope in scopes]

    def in_the_way(self, task: Task | None = None) -> list[Budget]:
        """Read the ceilings that are spent: those for everything and for today, and those of a task."""
        found = self.of_task(task) if task else self.standing()[:2]
        return [each for each in found if each.left_usd is not None and each.left_usd <= 0]

    def check(self, api: ApiConfig | None) -> None:
        """Raise E300 when the ceiling for everything or for today is spent, and money would be spent on it.

        Args:
            api: by whose key the spenders ask a model; None where they cost money beside that.
        """
        spent = self.in_the_way()
        if spent and api is not None:
            value = "" if api.key_command else os.environ.get(api.key_env, "")
            with self._book() as opened:
                spent = [] if by_subscription(value, api.key_file, opened) else spent
        if spent:
            raise ParheliaError(
                "E300",
                f"the budget is spent: {in_words(spent[0])}",
                details={"scopes": [each.scope for each in spent]},
                recovery=(f"parhelia budget raise {spent[0].scope} USD", "parhelia budget show"),
            )

    def nearly_spent(self) -> list[Budget]:
        """Read the ceilings for everything and for today of which a warning was due, and that are not spent."""
        from parhelia_tui.core.settings.config_files import load

        percent = load().config.budget.warn_percent
        return [
            each
            for each in self.standing()[:2]
            if each.limit_usd is not None
            and each.limit_usd * percent / 100 <= each.spent_usd < each.limit_usd
        ]

    def history(self, by: str = "day", days: float = 30.0, task: Task | None = None) -> list[Part]:
        """Sum what was spent in the last days by `day`, `task` or `model`."""
        return ledger.parts(self._open(), by, self._clock() - days * 86400, task.id if task else None)

    def estimate(self, agent: str | None = None) -> Estimate:
        """Guess what a task costs from those that ended. Raises E102 where none has cost anything yet."""
        costs = sorted(tasks.costs(self._open(), agent, SAMPLE))
        if not costs:
            raise ParheliaError(
                "E102",
                "no task has ended yet that cost anything, so there is nothing to guess from",
                recovery=("parhelia budget estimate --model MODEL --input TOKENS --output TOKENS",),
            )
        high = costs[min(len(costs) - 1, int(0.9 * len(costs)))]
        about = f"from {len(costs)} ended task{'s' if len(costs) > 1 else ''}"
        return Estimate(statistics.median(costs), high, len(costs), about)

    def price(self, model: str, *, input_tokens: int, output_tokens: int, cache_read: int = 0) -> Estimate:
        """Say what so many tokens of a model cost."""
        from pathlib import Path

        from parhelia_tui.core.meter.prices import Usage, price
        from parhelia_tui.core.settings.config_files import load

        override = load().config.api.prices
        bill = price(
            model,
            Usage(input_tokens, output_tokens, cache_read),
            Path(override).expanduser() if override else None,
        )
        return Estimate(float(bill.usd), float(bill.usd), 0, bill.explanation)

    # Wishing

    def put(self, what: str, limit_usd: float | None) -> Budget:
        """Set a ceiling, or take it away with None.

        Args:
            what: `all`, `day`, `plan:ID`, or a task by id, slug, session or container.

        Raises:
            ParheliaError: E101 for what is no such amount.
        """
        refuse_if_read_only()
        if limit_usd is not None and not 0 <= limit_usd <= MOST_USD:
            raise ParheliaError("E101", f"a budget is an amount from 0 to {MOST_USD:,} USD")
        scope = self._scope(what)
        with self._book(make=True) as opened:
            before = ceilings.put(
                opened, scope, None if limit_usd is None else nano(limit_usd), self._clock()
            )
            words = "no ceiling" if limit_usd is None else money(limit_usd)
            was = "none" if before is None else money(usd(before))
            self._tell(opened, "budget.set", f"{scope}: {words}, before it was {was}", scope)
            return self._read(opened, scope)

    def lift(self, what: str, by_usd: float) -> Budget:
        """Let so much more be spent from now on; who waits for it goes on. Args as `put`."""
        refuse_if_read_only()
        if not 0 < by_usd <= MOST_USD:
            raise ParheliaError(
                "E101", f"a budget is raised by more than nothing, and by {MOST_USD:,} USD at most"
            )
        scope = self._scope(what)
        with self._book(make=True) as opened:
            now = self._clock()
            spent = self._standing(opened, scope, now).spent
            after = ceilings.lift(opened, scope, nano(by_usd), now, entered=spent)
            words = f"{scope}: {money(by_usd)} more can be spent, {money(usd(after.limit or 0))} in all"
            self._tell(opened, "budget.raised", words, scope)
            return self._read(opened, scope)

    def stop(self, task: Task) -> None:
        """Refuse every further request of a task, with words for its agent.

        Raises:
            ParheliaError: E103 when it has ended.
        """
        refuse_if_read_only()
        if task.state in TASK_ENDED:
            raise ParheliaError("E103", f"task {task.id} is {task.state} already")
        with self._book(make=True) as opened:
            ceilings.stop(opened, task.id, self._clock())
            self._tell(opened, "budget.stopped", "its agent gets nothing more to spend", f"task:{task.id}")

    def begin(self, fresh: list[Task], task_usd: dict[str, float], plan_usd: float | None) -> None:
        """Set the ceilings of tasks that are about to be stored.

        Args:
            task_usd: by id, for those that have one.
            plan_usd: for the plan that they are of, where it has none yet.
        """
        plans = {task.batch for task in fresh if task.batch} if plan_usd is not None else set()
        if not task_usd and not plans:
            return
        now = self._clock()
        with self._book(make=True) as opened:
            for task_id, limit in task_usd.items():
                ceilings.put(opened, f"task:{task_id}", nano(limit), now)
            for plan in plans:
                ceilings.put(opened, f"plan:{plan}", nano(plan_usd or 0), now, source=ceilings.BY_CONFIG)

    # Ours

    def _book(self, *, make: bool = False) -> _Opened:
        return _Opened(self._paths, make)

    def _scope(self, what: str) -> str:
        if what in ("all", "day") or what.startswith("plan:"):
            return what
        return f"task:{self._task_of(what.removeprefix('task:')).id}"

    def _read(self, opened: sqlite3.Connection, scope: str) -> Budget:
        now = self._clock()
        known = {each.scope: each for each in ceilings.every(opened)}
        return self._line(opened, scope, known.get(scope), now)

    def _standing(self, opened: sqlite3.Connection, scope: str, at: float) -> Standing:
        """How a ceiling stands: requests are in the book first, all else that costs money in the ledger alone."""
        now = standing(opened, scope, f"day:{day_of(at)}" if scope == "day" else scope)
        # Rounded, as a sum of floats is a little beside its amount, and a ceiling is not spent by that.
        in_ledger = round(entered(self._open(), scope, at) * NANO)
        return dataclasses.replace(now, spent=max(now.spent, in_ledger))

    def _line(
        self, opened: sqlite3.Connection, scope: str, known: ceilings.Ceiling | None, at: float
    ) -> Budget:
        now = self._standing(opened, scope, at)
        kind, _, name = scope.partition(":")
        spent = ledger.spent(self._open(), from_at=at - HOUR_S, task_id=name if kind == "task" else None)
        burn = spent.usd
        left = None if now.limit is None else usd(now.limit - now.spent)
        ends = None
        if left is not None and kind != "plan":
            ends = at if left <= 0 else at + left / burn * HOUR_S if burn > 0 else None
            if kind == "day" and ends is not None and day_of(min(ends, at + 2 * 86400)) != day_of(at):
                # A new day begins with nothing spent.
                ends = None
        return Budget(
            scope=scope,
            limit_usd=None if now.limit is None else usd(now.limit),
            spent_usd=usd(now.spent),
            reserved_usd=usd(now.reserved),
            left_usd=left,
            source=known.source if known else "",
            burn_usd_per_hour=burn,
            ends_at=ends,
        )

    def _tell(self, opened: sqlite3.Connection, kind: str, words: str, scope: str) -> None:
        """Write the event, and the ceilings that screens show, in one transaction."""
        shown = ceilings.shown(opened)
        with writing(self._open()) as tx:
            meta.put(tx, meta.CEILINGS, shown)
            task_id = scope.partition(":")[2] if scope.startswith("task:") else None
            events.append(
                tx,
                kind,
                words,
                source="client",
                task_id=task_id,
                at=self._clock(),
                data={"scope": scope},
                owner=self._owner,
            )


class _Opened:
    """The book for a moment; an empty one in memory where there is none and none is to be made."""

    def __init__(self, paths: Paths, make: bool) -> None:
        self._path = paths.home / book.NAME
        self._make = make
        self._db: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        if self._make:
            private_directory(self._path.parent)
        if self._make or self._path.exists():
            self._db = book.open_book(self._path)
        else:
            self._db = book.empty_book()
        return self._db

    def __exit__(self, *_: object) -> None:
        if self._db is not None:
            self._db.close()


def in_words(each: Budget) -> str:
    """One ceiling in one line."""
    what = {"all": "everything", "day": "today"}.get(each.scope, each.scope.replace(":", " "))
    limit = "" if each.limit_usd is None else f" of {money(each.limit_usd)}"
    return f"{money(each.spent_usd)}{limit} for {what}"


def take_stop_back(paths: Paths, task_id: str) -> None:
    """Let a task spend again whose spending a person stopped, because a person wants another attempt of it."""
    with _Opened(paths, False) as opened:
        ceilings.go_on(opened, task_id)
