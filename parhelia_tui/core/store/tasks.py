"""Tasks and their attempts in the store."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.mounting import as_text
from parhelia_tui.core.model.records import Attempt, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.states import TASK_MOVES, TaskState, check_move
from parhelia_tui.core.store import rows
from parhelia_tui.core.store.changes import Value, change, insert, next_rev
from parhelia_tui.core.store.naming import Kind

KIND = Kind("tasks", "t-", "task", "E201", also="slug")

_ALL = f"SELECT {rows.TASK_COLUMNS} FROM tasks"
_ALL_SHORT = f"SELECT {rows.TASK_COLUMNS_SHORT} FROM tasks"


def add(tx: sqlite3.Connection, task: Task) -> Task:
    """Store a new task; its `rev` is given here."""
    rev = next_rev(tx)
    insert(
        tx,
        "tasks",
        {
            "id": task.id,
            "slug": task.slug,
            "title": redacted(task.title),
            "prompt": task.prompt,
            "agent": task.agent,
            "agent_options": json.dumps(task.agent_options),
            "workspace": task.workspace,
            "workspace_mode": task.workspace_mode,
            "backend": task.backend,
            "network": task.network,
            "persistent": int(task.persistent),
            "unsandboxed": int(task.unsandboxed),
            "env": json.dumps(task.env),
            "cpus": task.limits.cpus,
            "memory_mb": task.limits.memory_mb,
            "pids": task.limits.pids,
            "lifetime_s": task.limits.lifetime_s,
            "gpu": task.limits.gpu,
            "region": task.limits.region,
            "mounts": as_text(task.mounts),
            "image": task.image,
            "gate_of": task.gate_of,
            "slot_wanted": task.slot_wanted,
            "priority": task.priority,
            "batch": task.batch,
            "parent_id": task.parent_id,
            "target": task.target,
            "parts": task.parts,
            "state": task.state,
            "reason": task.reason,
            "created_at": task.created_at,
            "rev": rev,
            "owner_user": task.owner.user_id,
            "owner_session": task.owner.session_id,
        },
    )
    return get(tx, task.id)


def is_taken(db: sqlite3.Connection, task_id: str) -> bool:
    """Say whether a task has this id, or has left spending under it that another must not inherit."""
    found = db.execute(
        "SELECT EXISTS (SELECT 1 FROM tasks WHERE id = ?) OR EXISTS (SELECT 1 FROM ledger WHERE task_id = ?)",
        (task_id, task_id),
    )
    return bool(found.fetchone()[0])


def find(db: sqlite3.Connection, task_id: str) -> Task | None:
    """Read one task, None when there is none."""
    row = db.execute(f"{_ALL} WHERE id = ?", (task_id,)).fetchone()
    return rows.task(row) if row else None


def get(db: sqlite3.Connection, task_id: str) -> Task:
    """Read one task.

    Raises:
        ParheliaError: E201 when there is none.
    """
    found = find(db, task_id)
    if found is None:
        raise KIND.missing(task_id)
    return found


def resolve(db: sqlite3.Connection, text: str) -> Task:
    """Find a task by its id, by a beginning of its id (with or without `t-`), or by its slug.

    Raises:
        ParheliaError: E201 when there is none, E101 when several answer to it.
    """
    task_id = KIND.id_of(db, text)
    if task_id is None:
        raise KIND.missing(text)
    return get(db, task_id)


def listed(
    db: sqlite3.Connection,
    *,
    states: Sequence[TaskState] = (),
    batch: str | None = None,
    workspace: str | None = None,
    limit: int | None = None,
    trashed: bool = False,
    gates: bool = True,
) -> list[Task]:
    """Read tasks, newest first, with the prompt cut to 400 characters; of the trash alone where asked for.

    Args:
        gates: those of merges too.
    """
    wheres: list[str] = [f"trashed_at IS {'NOT ' if trashed else ''}NULL"]
    values: list[object] = []
    if states:
        wheres.append(f"state IN ({', '.join('?' * len(states))})")
        values.extend(states)
    if not gates:
        wheres.append("gate_of = ''")
    if batch is not None:
        wheres.append("batch = ?")
        values.append(batch)
    if workspace is not None:
        wheres.append("workspace = ?")
        values.append(workspace)
    where = f" WHERE {' AND '.join(wheres)}"
    found = db.execute(
        f"{_ALL_SHORT}{where} ORDER BY created_at DESC, id LIMIT ?", (*values, -1 if limit is None else limit)
    )
    return [rows.task(row) for row in found]


def first_seen(db: sqlite3.Connection, limit: int) -> list[Task]:
    """Read what a screen shows first: all that wait for a person, then the newest that work, queue and have ended.

    Args:
        limit: how many of each of these three.
    """
    found = [*db.execute(f"{_ALL_SHORT} WHERE state IN ('waiting', 'needs_review') AND trashed_at IS NULL")]
    for states, index in (
        ("'running', 'dispatching'", "tasks_state"),
        ("'pending'", "tasks_state"),
        # Said, because the planner would sort all that have ended.
        ("'completed', 'failed', 'cancelled'", "tasks_created"),
    ):
        found += db.execute(
            f"{_ALL_SHORT} INDEXED BY {index} WHERE state IN ({states}) AND trashed_at IS NULL"
            " ORDER BY created_at DESC LIMIT ?",
            (limit,),
        )
    return [rows.task(row) for row in found]


def older(db: sqlite3.Connection, than: tuple[float, str] | None, limit: int) -> list[Task]:
    """Read tasks piece by piece, newest first, with the prompt cut to 400 characters.

    Args:
        than: `created_at` and id of the last one of the piece before; None for the first piece.
    """
    found = db.execute(
        f"{_ALL_SHORT} WHERE (created_at, id) < (?, ?) AND trashed_at IS NULL"
        " ORDER BY created_at DESC, id DESC LIMIT ?",
        (*(than or (math.inf, "")), limit),
    )
    return [rows.task(row) for row in found]


def of_group(db: sqlite3.Connection, group_id: str) -> list[Task]:
    """Read the parts of a group in the order of their targets, with the prompt cut to 400 characters; often none."""
    found = db.execute(f"{_ALL_SHORT} WHERE parent_id = ? ORDER BY created_at, id", (group_id,))
    return [rows.task(row) for row in found]


def changed_since(db: sqlite3.Connection, rev: int) -> list[Task]:
    """Read the tasks that changed after `rev`, with the prompt cut to 400 characters."""
    found = db.execute(f"{_ALL_SHORT} WHERE rev > ? ORDER BY rev", (rev,))
    return [rows.task(row) for row in found]


def queue(db: sqlite3.Connection, limit: int) -> list[Task]:
    """Read the tasks that wait for a container, in the order in which they go."""
    # Said, because the planner would take the index of states and sort the whole queue with its prompts.
    found = db.execute(
        f"{_ALL} INDEXED BY tasks_queue WHERE state = 'pending' AND wanted = 'run' AND parts = 0"
        " ORDER BY priority DESC, created_at, id LIMIT ?",
        (limit,),
    )
    return [rows.task(row) for row in found]


def unwanted(db: sqlite3.Connection) -> list[Task]:
    """Read the tasks that somebody cancelled and that have not ended."""
    found = db.execute(
        f"{_ALL} WHERE wanted <> 'run' AND parts = 0 AND state NOT IN ('completed', 'failed', 'cancelled')"
    )
    return [rows.task(row) for row in found]


def alive(db: sqlite3.Connection) -> list[Task]:
    """Read the tasks that hold a container or are about to."""
    found = db.execute(
        f"{_ALL_SHORT} WHERE state IN ('dispatching', 'running', 'waiting') AND parts = 0 ORDER BY created_at"
    )
    return [rows.task(row) for row in found]


def costs(db: sqlite3.Connection, agent: str | None, limit: int) -> list[float]:
    """Read what the newest ended tasks cost, in USD, of one agent or of all; those that cost nothing are left out."""
    found = db.execute(
        "SELECT cost_usd FROM tasks WHERE state IN ('completed', 'failed', 'cancelled') AND cost_usd > 0"
        " AND parts = 0 AND (? IS NULL OR agent = ?) ORDER BY created_at DESC LIMIT ?",
        (agent, agent, limit),
    )
    return [float(row[0]) for row in found]


def counts(db: sqlite3.Connection) -> dict[TaskState, int]:
    """Count the tasks by state; states without a task are left out, and so are groups, whose parts count, and the trash."""
    found = dict(db.execute("SELECT state, count(*) FROM tasks GROUP BY state").fetchall())
    # Apart, because the index of states alone answers the first, and that of groups the second.
    for state, number in db.execute(
        "SELECT state, count(*) FROM tasks INDEXED BY tasks_groups WHERE parts > 0 GROUP BY state"
    ):
        found[state] -= number
    for state, number in db.execute(
        "SELECT state, count(*) FROM tasks INDEXED BY tasks_trash"
        " WHERE trashed_at IS NOT NULL AND parts = 0 GROUP BY state"
    ):
        found[state] -= number
    return {TaskState(state): number for state, number in found.items() if number}


def move(tx: sqlite3.Connection, task: Task, to: TaskState, **columns: Value) -> Task:
    """Bring a task to another state, together with other columns.

    Raises:
        ParheliaError: E103 for a forbidden move, E104 when it changed since it was read.
    """
    check_move(TASK_MOVES, f"task {task.id}", task.state, to)
    if to is TaskState.PENDING:
        # What the attempt before said last is not what the next one says.
        columns["last_line"] = ""
        if task.trashed_at is not None:
            # What is at work again lies in no trash.
            columns["trashed_at"] = None
    change(tx, "tasks", task.id, task.version, {"state": to, **_without_secrets(columns)})
    return get(tx, task.id)


def update(tx: sqlite3.Connection, task: Task, **columns: Value) -> Task:
    """Change columns of a task without a move.

    Raises:
        ParheliaError: E104 when it changed since it was read.
    """
    change(tx, "tasks", task.id, task.version, _without_secrets(columns))
    return get(tx, task.id)


# What agents and programs say ends up here, and is on every screen.
_SAID = ("reason", "question", "last_line", "agent_detail", "agent_tool", "agent_outcome")


def _without_secrets(columns: dict[str, Value]) -> dict[str, Value]:
    return {
        name: redacted(value) if name in _SAID and isinstance(value, str) else value
        for name, value in columns.items()
    }


def add_attempt(
    tx: sqlite3.Connection,
    task: Task,
    container_id: str,
    at: float,
    conversation: str = "",
    *,
    remembered: bool = True,
) -> int:
    """Store the next attempt of a task and give its number, from 1.

    Args:
        conversation: the one that it has to itself until its end.
        remembered: it is not asked for notes at its end.

    Raises:
        ParheliaError: E103 when another attempt has the conversation.
    """
    number = task.attempt + 1
    holder = tx.execute(
        "SELECT task_id FROM attempts WHERE conversation = ? AND conversation <> '' AND finished_at IS NULL",
        (conversation,),
    ).fetchone()
    if holder is not None:
        raise ParheliaError("E103", f"conversation {conversation} is led by task {holder[0]} just now")
    insert(
        tx,
        "attempts",
        {
            "task_id": task.id,
            "number": number,
            "container_id": container_id,
            "state": TaskState.DISPATCHING,
            "started_at": at,
            "conversation": conversation,
            "remembered": int(remembered),
            "owner_user": task.owner.user_id,
            "owner_session": task.owner.session_id,
            "owner_environment": container_id,
        },
    )
    return number


def again_attempt(tx: sqlite3.Connection, task_id: str, number: int, at: float, *, remembered: bool) -> None:
    """Let an attempt begin after all whose container never was anywhere (`containers.again`).

    Args:
        remembered: as for `add_attempt`.
    """
    tx.execute(
        "UPDATE attempts SET state = ?, reason = '', exit_code = NULL, started_at = ?, finished_at = NULL,"
        " remembered = ? WHERE task_id = ? AND number = ?",
        (TaskState.DISPATCHING, at, int(remembered), task_id, number),
    )


def end_attempt(
    tx: sqlite3.Connection,
    task_id: str,
    number: int,
    state: TaskState,
    reason: str,
    exit_code: int | None,
    at: float,
) -> None:
    """Say how an attempt ended; the first word stays."""
    tx.execute(
        "UPDATE attempts SET state = ?, reason = ?, exit_code = ?, finished_at = ?"
        " WHERE task_id = ? AND number = ? AND finished_at IS NULL",
        (state, reason, exit_code, at, task_id, number),
    )


def ended_between(db: sqlite3.Connection, begin: float, end: float) -> list[str]:
    """Name the containers whose attempts ended in a time, oldest first."""
    found = db.execute(
        "SELECT container_id FROM attempts WHERE finished_at > ? AND finished_at <= ? ORDER BY finished_at",
        (begin, end),
    )
    return [str(row[0]) for row in found]


def conversation(db: sqlite3.Connection, task_id: str, attempt: int) -> str:
    """Say which conversation an attempt leads; empty where there is no such attempt."""
    row = db.execute(
        "SELECT conversation FROM attempts WHERE task_id = ? AND number = ?", (task_id, attempt)
    ).fetchone()
    return str(row[0]) if row else ""


def attempts(db: sqlite3.Connection, task_id: str) -> list[Attempt]:
    """Read the attempts of a task, in order."""
    # One that goes on is where its task is.
    found = db.execute(
        "SELECT attempts.*, iif(attempts.finished_at IS NULL, tasks.state, attempts.state) AS present,"
        " containers.backend AS ran_at FROM attempts JOIN tasks ON tasks.id = attempts.task_id"
        " LEFT JOIN containers ON containers.id = attempts.container_id"
        " WHERE attempts.task_id = ? ORDER BY number",
        (task_id,),
    )
    return [rows.attempt(row) for row in found]
