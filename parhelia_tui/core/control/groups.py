"""Groups: what becomes of a task with several targets follows from its parts, whatever was killed when."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.groups import summarize, way
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_SETTLED, TaskState
from parhelia_tui.core.store import events, groups, tasks
from parhelia_tui.core.store.changes import Value, current_rev
from parhelia_tui.core.store.connection import writing

_LEVEL = {TaskState.COMPLETED: "info", TaskState.FAILED: "error"}


class Groups:
    """Keeps every group where its parts are.

    Args:
        context: the tools of this controller.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen_rev = -1

    def follow(self) -> None:
        """Bring each group to where its parts stand; nothing is read again while nothing changes."""
        db = self._context.db
        rev = current_rev(db)
        if self._seen_rev == rev:
            return
        found = groups.open_groups(db)
        if found:
            with writing(db) as tx:
                # What others changed since the groups were named is looked at the next time.
                unchanged = current_rev(tx) == rev
                for group_id in found:
                    self._follow(tx, tasks.get(tx, group_id))
                rev = current_rev(tx) if unchanged else rev
        self._seen_rev = rev

    def _follow(self, tx: sqlite3.Connection, group: Task) -> None:
        now = summarize(groups.parts(tx, group.id), wanted=group.wanted)
        goes_on = now.state not in TASK_SETTLED
        given_up = group.wanted != "run"
        columns: dict[str, Value] = {
            "question": now.question,
            "parts_done": now.done,
            "input_tokens": now.input_tokens,
            "output_tokens": now.output_tokens,
            "cost_usd": now.cost_usd,
            "started_at": now.started_at,
            "finished_at": now.finished_at,
        }
        if goes_on and group.state in TASK_SETTLED:
            # A part of it is tried again, so nobody gives up the whole any more.
            columns.update(wanted="run", reason="")
        elif not (goes_on and given_up):
            columns["reason"] = now.reason
        changed = {name: value for name, value in columns.items() if getattr(group, name) != value}
        steps = way(group.state, now.state)
        if not steps:
            if changed:
                tasks.update(tx, group, **changed)
            return
        for state in steps[:-1]:
            group = tasks.move(tx, group, state)
        group = tasks.move(tx, group, steps[-1], **changed)
        if not goes_on:
            events.append(
                tx,
                f"task.{group.state}",
                f"{group.title}: {group.reason}",
                level=_LEVEL.get(group.state, "warning"),
                task_id=group.id,
                at=self._context.clock(),
                data={"parts": now.total, "by_state": dict(now.by_state)},
            )
