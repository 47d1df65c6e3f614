"""Tasks that were put away: marked, not removed, until they have lain there long enough."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.model.records import Task
from parhelia_tui.core.store import tasks


def put(tx: sqlite3.Connection, task: Task, at: float) -> Task:
    """Put a task into the trash. Raises E104 when it changed since it was read."""
    return tasks.update(tx, task, trashed_at=at)


def take_out(tx: sqlite3.Connection, task: Task) -> Task:
    """Bring a task back. Raises E104 when it changed since it was read."""
    return tasks.update(tx, task, trashed_at=None)


def remove(tx: sqlite3.Connection, task: Task) -> bool:
    """Delete an ended task that lies in the trash, with its parts; say whether it is gone.

    It stays where a checkpoint of it or of a part is left: that is the only way to what it made.
    """
    family = [task.id, *(each.id for each in tasks.of_group(tx, task.id))]
    marks = ", ".join("?" * len(family))
    if tx.execute(f"SELECT 1 FROM checkpoints WHERE task_id IN ({marks}) LIMIT 1", family).fetchone():
        return False
    tx.execute(f"DELETE FROM tasks WHERE id IN ({marks}) AND trashed_at IS NOT NULL", family)
    return True


def remove_before(tx: sqlite3.Connection, at: float, piece: int) -> int:
    """Delete up to `piece` tasks that were put away before `at`; called again until it gives less.

    One of which a checkpoint is left stays: it is the only way to what the task made. What was spent stays in
    the ledger, and workspaces stay as they are.
    """
    cursor = tx.execute(
        "DELETE FROM tasks WHERE id IN (SELECT id FROM tasks INDEXED BY tasks_trash"
        " WHERE trashed_at IS NOT NULL AND trashed_at < ? AND state IN ('completed', 'failed', 'cancelled')"
        " AND NOT EXISTS (SELECT 1 FROM checkpoints WHERE checkpoints.task_id = tasks.id)"
        " AND NOT EXISTS (SELECT 1 FROM tasks AS part WHERE part.parent_id = tasks.id"
        "   AND (part.trashed_at IS NULL OR part.trashed_at >= ?)) LIMIT ?)",
        (at, at, piece),
    )
    return cursor.rowcount
