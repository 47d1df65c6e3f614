"""What is left of each ceiling that bounds a task, before something is begun that costs by the second."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime

from parhelia_tui.core.meter.ceilings import every
from parhelia_tui.core.meter.money import NANO, usd
from parhelia_tui.core.meter.sandboxes import second_of
from parhelia_tui.core.meter.spending import Spender, day_of, standing
from parhelia_tui.core.model.placement import HOUR_S, Left
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.store import groups, ledger, tasks


def left(
    store: sqlite3.Connection,
    book: sqlite3.Connection,
    task: Task,
    at: float,
    promised: Mapping[str, float],
) -> list[Left]:
    """Read the ceilings of a task, and what is left of each.

    What is spent is what the ledger says, because sandboxes are in no book of requests; what is set aside for
    open requests is taken off, and so is what is promised to sandboxes that run.

    Args:
        at: epoch seconds.
        promised: USD for the next hour of what runs now, by task.
    """
    parts = groups.parts(store, task.parent_id) if task.parent_id is not None else []
    own = {task.id: task.cost_usd or 0.0}
    together = {each.task_id: each.cost_usd or 0.0 for each in parts}
    spent = {
        "all": lambda: ledger.spent(store).usd + sum(promised.values()),
        "day": lambda: ledger.spent(store, from_at=_midnight(at)).usd + sum(promised.values()),
        f"task:{task.id}": lambda: _with_promised(own, promised),
        f"task:{task.parent_id}": lambda: _with_promised(together, promised),
        f"plan:{task.batch}": lambda: _with_promised(
            {each.id: each.cost_usd or 0.0 for each in _of_plan(store, str(task.batch))}, promised
        ),
    }
    found = []
    for scope, account in Spender("", task.id, task.batch, group=task.parent_id).scopes(day_of(at)):
        now = standing(book, scope, account)
        if now.limit is None:
            continue
        taken = max(spent[scope](), usd(now.spent)) + usd(now.reserved)
        found.append(Left(words(scope), usd(now.limit) - taken))
    return found


class Spent:
    """One look at the ceilings that are spent, for many tasks.

    What is spent of one is what the ledger says, because sandboxes are in no book of requests, or what the book says,
    whichever is more. Money that is only set aside counts for nothing here: it may come back.

    Args:
        running: tasks that cost by the second, each with the USD of its seconds that the ledger does not have yet.
        at: epoch seconds.
    """

    def __init__(
        self,
        store: sqlite3.Connection,
        book: sqlite3.Connection,
        running: Iterable[tuple[Task, float]],
        at: float,
    ) -> None:
        self._store, self._book, self._at = store, book, at
        self._limits = {each.scope: each.limit for each in every(book)}
        self._unbooked: dict[str, float] = {}
        self._known: dict[str, bool] = {}
        for task, cost in running:
            for scope in self._scopes(task):
                self._unbooked[scope] = self._unbooked.get(scope, 0.0) + cost

    def of(self, task: Task) -> str:
        """Name the ceiling that is spent of those that bound a task; empty where it may go on."""
        return self.first(self._scopes(task))

    def first(self, scopes: Iterable[str]) -> str:
        """Name the first of these ceilings that is spent; empty where none is."""
        return next((each for each in scopes if self._is_spent(each)), "")

    def _scopes(self, task: Task) -> list[str]:
        spender = Spender("", task.id, task.batch, group=task.parent_id)
        return [ceiling for ceiling, _ in spender.scopes(day_of(self._at))]

    def _is_spent(self, scope: str) -> bool:
        limit = self._limits.get(scope)
        if limit is None:
            return False
        if scope not in self._known:
            account = f"day:{day_of(self._at)}" if scope == "day" else scope
            self._known[scope] = standing(self._book, scope, account).spent >= limit or (
                # Rounded, as a sum of floats is a little beside its amount.
                round((entered(self._store, scope, self._at) + self._unbooked.get(scope, 0.0)) * NANO)
                >= limit
            )
        return self._known[scope]


def entered(store: sqlite3.Connection, scope: str, at: float) -> float:
    """Say what the ledger has against a ceiling, in USD: also seconds of sandboxes, and what agents tell of themselves.

    What a sandbox has cost since its last entry, a minute's at most, is not in it yet.

    Args:
        scope: `all`, `day`, `plan:ID` or `task:ID`.
        at: epoch seconds.
    """
    kind, _, name = scope.partition(":")
    if kind == "all":
        return ledger.spent(store).usd
    if kind == "day":
        return ledger.spent(store, from_at=_midnight(at)).usd
    if kind == "plan":
        return sum(each.cost_usd or 0.0 for each in _of_plan(store, name))
    parts = sum(each.cost_usd or 0.0 for each in groups.parts(store, name))
    return parts + ledger.spent(store, task_id=name).usd


def _of_plan(store: sqlite3.Connection, plan: str) -> list[Task]:
    """The tasks of a plan that cost something: a group costs what its parts do, which are there themselves."""
    return [each for each in tasks.listed(store, batch=plan) if not each.is_group]


def promised(live: Iterable[Container]) -> dict[str, float]:
    """Price the next hour of what runs, in USD by task; what costs nothing or nobody knows the price of is left out."""
    found: dict[str, float] = {}
    for each in live:
        second = second_of(each.backend, each.limits)
        if second:
            found[each.task_id] = found.get(each.task_id, 0.0) + second * HOUR_S
    return found


def _midnight(at: float) -> float:
    return datetime.fromtimestamp(at).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _with_promised(costs: Mapping[str, float], promised: Mapping[str, float]) -> float:
    return sum(cost + promised.get(name, 0.0) for name, cost in costs.items())


def words(scope: str) -> str:
    """Say which ceiling it is."""
    kind, _, name = scope.partition(":")
    return {"all": "the budget for everything", "day": "the budget of today"}.get(
        kind, f"the budget of {kind} {name}"
    )
