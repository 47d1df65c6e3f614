"""Groups of tasks in the store."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.model.groups import Part
from parhelia_tui.core.model.states import TaskState

_PARTS = (
    "SELECT id, target, state, reason, question, input_tokens, output_tokens, cost_usd, started_at, finished_at"
    " FROM tasks WHERE parent_id = ? ORDER BY created_at, id"
)


def parts(db: sqlite3.Connection, group_id: str) -> list[Part]:
    """Read the parts of a group, in the order of their targets."""
    return [
        Part(row[0], row[1], TaskState(row[2]), *tuple(row)[3:]) for row in db.execute(_PARTS, (group_id,))
    ]


def open_groups(db: sqlite3.Connection) -> list[str]:
    """Name the groups that may not stand as their parts do."""
    found = db.execute(
        "SELECT id FROM tasks INDEXED BY tasks_open_groups"
        " WHERE parts > 0 AND state NOT IN ('completed', 'failed', 'cancelled')"
        " UNION SELECT parent_id FROM tasks INDEXED BY tasks_open_parts"
        " WHERE parent_id IS NOT NULL AND state IN ('pending', 'dispatching', 'running', 'waiting')"
    )
    return [str(row[0]) for row in found]
