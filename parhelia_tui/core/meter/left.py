"""What is left of each ceiling that bounds a task, before something is begun that costs by the second."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from parhelia_tui.core.meter.money import usd
from parhelia_tui.core.meter.sandboxes import sandbox_rates
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
    }
    found = []
    for scope, account in Spender("", task.id, task.batch, group=task.parent_id).scopes(day_of(at)):
        now = standing(book, scope, account)
        if now.limit is None:
            continue
        ours = spent[scope]() if scope in spent else 0.0
        taken = max(ours, usd(now.spent)) + usd(now.reserved)
        found.append(Left(_words(scope), usd(now.limit) - taken))
    return found


def exceeded(
    store: sqlite3.Connection, book: sqlite3.Connection, running: Sequence[tuple[Task, float]], at: float
) -> dict[str, str]:
    """Say which ceiling is spent, of tasks that cost by the second; nothing of those that may go on.

    Money that is only set aside counts for nothing here: it may come back.

    Args:
        running: the tasks, each with the USD of its seconds that the ledger does not have yet.
        at: epoch seconds.

    Returns:
        In words, by task.
    """
    unbooked = dict.fromkeys((task.id for task, _ in running), 0.0)
    for task, cost in running:
        unbooked[task.id] += cost
    more = sum(unbooked.values())
    totals: dict[str, float] = {}

    def together(parts: Iterable[Task]) -> float:
        return sum((each.cost_usd or 0.0) + unbooked.get(each.id, 0.0) for each in parts)

    def ours(task: Task, scope: str) -> float:
        if scope == f"task:{task.id}":
            return together([task])
        if scope not in totals:
            if scope == "all":
                totals[scope] = ledger.spent(store).usd + more
            elif scope == "day":
                totals[scope] = ledger.spent(store, from_at=_midnight(at)).usd + more
            elif scope.startswith("plan:"):
                totals[scope] = together(_of_plan(store, str(task.batch)))
            else:
                totals[scope] = sum(
                    (each.cost_usd or 0.0) + unbooked.get(each.task_id, 0.0)
                    for each in groups.parts(store, str(task.parent_id))
                )
        return totals[scope]

    found: dict[str, str] = {}
    for task, _ in running:
        for scope, account in Spender("", task.id, task.batch, group=task.parent_id).scopes(day_of(at)):
            now = standing(book, scope, account)
            if now.limit is not None and max(ours(task, scope), usd(now.spent)) >= usd(now.limit):
                found[task.id] = _words(scope)
                break
    return found


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
        rates = sandbox_rates(each.backend)
        second = rates and rates.second(each.limits, cores_used=0.0, memory_used=0)
        if second:
            found[each.task_id] = found.get(each.task_id, 0.0) + float(second) * HOUR_S
    return found


def _midnight(at: float) -> float:
    return datetime.fromtimestamp(at).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _with_promised(costs: Mapping[str, float], promised: Mapping[str, float]) -> float:
    return sum(cost + promised.get(name, 0.0) for name, cost in costs.items())


def _words(scope: str) -> str:
    kind, _, name = scope.partition(":")
    return {"all": "the budget for everything", "day": "the budget of today"}.get(
        kind, f"the budget of {kind} {name}"
    )
