"""What stays in the queue because the money for it is gone: it would be stopped at once, and not for nothing."""

from __future__ import annotations

import sqlite3
from functools import cached_property

from parhelia_tui.core.control import ceilings, egress, spending
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.meter.left import Spent
from parhelia_tui.core.model.placement import AUTO
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing

LETS_IN = " USD lets it begin"
"""The end of every reason of a task that waits for money."""


class Money:
    """One look at the money, for all tasks that are begun in one round.

    Args:
        context: the tools of the controller.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def holds_back(self, tx: sqlite3.Connection, task: Task) -> bool:
        """Say whether a task stays in the queue; why is told on it once."""
        context = self._context
        ceiling = self._in_the_way(task)
        if not ceiling:
            return False
        if context.held_back.scopes is not None:
            context.held_back.scopes.add(ceiling)
        why = _why(ceiling)
        if task.reason != why:
            tasks.update(tx, task, reason=why)
            events.append(
                tx,
                "task.held_back",
                why,
                level="warning",
                task_id=task.id,
                at=context.clock(),
                data={"code": "E300"},
            )
        return True

    def let_in_again(self) -> None:
        """Let no task say any more that it waits for money where there is some again, be there room for it or not."""
        context = self._context
        told = context.held_back.scopes
        if told is not None and all(self._spent is not None and self._spent.first([each]) for each in told):
            return
        still = context.held_back.scopes = set()
        for task in tasks.queue(context.db, -1):
            if not task.reason.endswith(LETS_IN):
                continue
            ceiling = self._in_the_way(task)
            if ceiling:
                still.add(ceiling)
            else:
                with writing(context.db) as tx:
                    tasks.update(tx, tasks.get(tx, task.id), reason="")

    def _in_the_way(self, task: Task) -> str:
        """Name the spent ceiling that stands in the way of a task; empty where none does."""
        if task.backend not in ("local", AUTO):
            # A sandbox is paid with money, whoever pays for the model.
            return self._spent.of(task) if self._spent is not None else ""
        # Where one that leaves the choice to us can be paid is looked at when it is placed.
        if not egress.is_metered(task.network, task.agent) or self._spent is None:
            return ""
        ceiling = self._spent.first(("all", "day"))
        return "" if ceiling and self._talk_is_free else ceiling

    @cached_property
    def _spent(self) -> Spent | None:
        return ceilings.look(self._context)

    @cached_property
    def _talk_is_free(self) -> bool:
        return spending.costs_nothing(self._context)


def _why(ceiling: str) -> str:
    kind, _, name = ceiling.partition(":")
    what = {"all": "for everything", "day": "for today"}.get(kind, f"of {kind} {name}")
    return f"the budget {what} is spent; parhelia budget raise {ceiling.removeprefix('task:')}{LETS_IN}"
