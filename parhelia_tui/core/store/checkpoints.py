"""Checkpoints in the store: who, when and why; their files lie in the checkpoint store on disk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from parhelia_tui.core.model.records import Checkpoint, Container, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.states import CHECKPOINT_MOVES, CheckpointState, Trigger, check_move
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store import rows
from parhelia_tui.core.store.changes import Value, change, insert, next_rev
from parhelia_tui.core.store.naming import Kind

KIND = Kind("checkpoints", "cp-", "checkpoint", "E202")

NOTE = 500
"""Characters of a note."""


def add(
    tx: sqlite3.Connection,
    checkpoint_id: str,
    task: Task,
    container: Container | None,
    trigger: Trigger,
    at: float,
    *,
    workspace: str,
    note: str = "",
    tags: Sequence[str] = (),
) -> Checkpoint:
    """Store the wish for a checkpoint; the controller takes it.

    Args:
        container: the one it is of, also an ended one; None before there was any.
        workspace: the directory as the task's container sees it.
    """
    insert(
        tx,
        "checkpoints",
        {
            "id": checkpoint_id,
            "task_id": task.id,
            "container_id": container.id if container else None,
            "attempt": container.attempt if container else task.attempt,
            "workspace": workspace,
            "trigger": trigger,
            "state": CheckpointState.PENDING,
            "note": _kept(note),
            "tags": json.dumps(list(tags)),
            "input_tokens": task.input_tokens,
            "output_tokens": task.output_tokens,
            "cost_usd": task.cost_usd,
            "created_at": at,
            "rev": next_rev(tx),
            "owner_user": task.owner.user_id,
            "owner_session": task.owner.session_id,
            "owner_environment": container.id if container else None,
        },
    )
    return get(tx, checkpoint_id)


def _kept(note: str) -> str:
    """A note as it is kept; agents write some of them."""
    return one_line(redacted(note), NOTE)


def find(db: sqlite3.Connection, checkpoint_id: str) -> Checkpoint | None:
    """Read one checkpoint, None when there is none."""
    row = db.execute("SELECT * FROM checkpoints WHERE id = ?", (checkpoint_id,)).fetchone()
    return rows.checkpoint(row) if row else None


def get(db: sqlite3.Connection, checkpoint_id: str) -> Checkpoint:
    """Read one checkpoint.

    Raises:
        ParheliaError: E202 when there is none.
    """
    found = find(db, checkpoint_id)
    if found is None:
        raise KIND.missing(checkpoint_id)
    return found


def resolve(db: sqlite3.Connection, text: str) -> Checkpoint:
    """Find a checkpoint by its id, by a beginning of it (with or without `cp-`), or by a tag; the newest of a tag.

    Raises:
        ParheliaError: E202 when there is none, E101 when several ids begin so.
    """
    checkpoint_id = KIND.id_of(db, text)
    if checkpoint_id is not None:
        return get(db, checkpoint_id)
    tagged = db.execute(
        "SELECT * FROM checkpoints WHERE EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)"
        " ORDER BY created_at DESC LIMIT 1",
        (text.encode("utf-8", "replace").decode(),),
    ).fetchone()
    if tagged is None:
        raise KIND.missing(text)
    return rows.checkpoint(tagged)


def newest(
    db: sqlite3.Connection, task_id: str, states: Sequence[CheckpointState] = (CheckpointState.READY,)
) -> Checkpoint | None:
    """Read the newest checkpoint of a task in one of these states, None when there is none."""
    marks = ", ".join("?" * len(states))
    row = db.execute(
        f"SELECT * FROM checkpoints WHERE task_id = ? AND state IN ({marks})"
        " ORDER BY created_at DESC, id DESC LIMIT 1",
        (task_id, *states),
    ).fetchone()
    return rows.checkpoint(row) if row else None


def listed(
    db: sqlite3.Connection, *, task_id: str | None = None, limit: int | None = None
) -> list[Checkpoint]:
    """Read checkpoints, newest first."""
    where, values = ("WHERE task_id = ?", [task_id]) if task_id is not None else ("", [])
    found = db.execute(
        f"SELECT * FROM checkpoints {where} ORDER BY created_at DESC, id DESC LIMIT ?",
        (*values, -1 if limit is None else limit),
    )
    return [rows.checkpoint(row) for row in found]


def unfinished(db: sqlite3.Connection) -> list[Checkpoint]:
    """Read the checkpoints that are to be taken, oldest first; a rollback takes its own."""
    found = db.execute(
        "SELECT * FROM checkpoints WHERE state IN ('pending', 'creating') AND trigger <> 'rollback'"
        " ORDER BY created_at, id"
    )
    return [rows.checkpoint(row) for row in found]


def changed_since(db: sqlite3.Connection, rev: int) -> list[Checkpoint]:
    """Read the checkpoints that changed after `rev`."""
    found = db.execute("SELECT * FROM checkpoints WHERE rev > ? ORDER BY rev", (rev,))
    return [rows.checkpoint(row) for row in found]


def move(tx: sqlite3.Connection, checkpoint: Checkpoint, to: CheckpointState, **columns: Value) -> Checkpoint:
    """Bring a checkpoint to another state, together with other columns.

    Raises:
        ParheliaError: E103 for a forbidden move, E104 when it changed since it was read.
    """
    check_move(CHECKPOINT_MOVES, f"checkpoint {checkpoint.id}", checkpoint.state, to)
    change(tx, "checkpoints", checkpoint.id, checkpoint.version, {"state": to, **columns})
    return get(tx, checkpoint.id)


def finish(
    tx: sqlite3.Connection, checkpoint: Checkpoint, found: Mapping[str, object], parent: str | None, at: float
) -> Checkpoint:
    """Store what was taken.

    Args:
        found: tree, conversation, files, bytes, changed_files, added_bytes, skipped, pause_s, took_s, git and
            environment, in plain values.
        parent: the checkpoint that it was compared with.
    """
    columns: dict[str, Value] = {}
    for name in (
        "tree",
        "conversation",
        "files",
        "bytes",
        "changed_files",
        "added_bytes",
        "pause_s",
        "took_s",
    ):
        value = found[name]
        assert isinstance(value, str | int | float)
        columns[name] = value
    for name in ("skipped", "git", "environment"):
        columns[name] = json.dumps(found[name])
    return move(tx, checkpoint, CheckpointState.READY, reason="", parent=parent, finished_at=at, **columns)


def tell(tx: sqlite3.Connection, checkpoint: Checkpoint, said: str) -> None:
    """Say how far a checkpoint is, in its reason; nobody else writes into one that is being taken."""
    change(tx, "checkpoints", checkpoint.id, checkpoint.version, {"reason": said})


def describe(
    tx: sqlite3.Connection,
    checkpoint: Checkpoint,
    *,
    note: str | None = None,
    tags: Sequence[str] | None = None,
    protected: bool | None = None,
) -> Checkpoint:
    """Change what a person says of a checkpoint; None leaves a word as it is.

    Raises:
        ParheliaError: E104 when it changed since it was read.
    """
    columns: dict[str, Value] = {}
    if note is not None:
        columns["note"] = _kept(note)
    if tags is not None:
        columns["tags"] = json.dumps(list(tags))
    if protected is not None:
        columns["protected"] = int(protected)
    if columns:
        change(tx, "checkpoints", checkpoint.id, checkpoint.version, columns)
    return get(tx, checkpoint.id)


def remove(tx: sqlite3.Connection, checkpoint_id: str) -> None:
    """Forget a checkpoint; whose parent it was has its parent instead."""
    tx.execute(
        "UPDATE checkpoints SET parent = (SELECT parent FROM checkpoints WHERE id = ?) WHERE parent = ?",
        (checkpoint_id, checkpoint_id),
    )
    tx.execute("DELETE FROM checkpoints WHERE id = ?", (checkpoint_id,))


def trees(db: sqlite3.Connection) -> set[str]:
    """Name every tree that a checkpoint holds, for the collection of garbage."""
    found: set[str] = set()
    for row in db.execute("SELECT tree, conversation FROM checkpoints"):
        found.update(name for name in row if name)
    return found
