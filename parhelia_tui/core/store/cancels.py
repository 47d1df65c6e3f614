"""The wish to cancel a task, as it stands in the store."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.model.records import Owner, Task
from parhelia_tui.core.model.states import TASK_ENDED
from parhelia_tui.core.store import events, tasks


def wish(tx: sqlite3.Connection, task: Task, reason: str, owner: Owner, at: float) -> None:
    """Store that a task, or what has not ended of the parts of a group, is to be cancelled.

    Args:
        at: when it was wished, in epoch seconds; work that had ended before counts as done.
    """
    for each in (task, *tasks.of_group(tx, task.id)):
        if each.wanted == "run" and each.state not in TASK_ENDED:
            tasks.update(tx, each, wanted="cancel", reason=reason)
            events.append(
                tx,
                "task.cancel_requested",
                reason,
                source="client",
                task_id=each.id,
                at=at,
                owner=owner,
            )
