"""Containers and their heartbeats in the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from parhelia_tui.core.model.mounting import as_text
from parhelia_tui.core.model.records import Container, Heartbeat, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, CONTAINER_MOVES, ContainerState, check_move
from parhelia_tui.core.store import rows
from parhelia_tui.core.store.changes import Value, change, insert, next_rev
from parhelia_tui.core.store.naming import Kind

KIND = Kind("containers", "c-", "container", "E203")

_ALL = f"SELECT {rows.CONTAINER_COLUMNS} FROM containers"
_LIVE = "state IN ('creating', 'running', 'stopping', 'orphaned')"


def add(
    tx: sqlite3.Connection,
    container_id: str,
    task: Task,
    *,
    attempt: int,
    workspace: str,
    slot: int,
    at: float,
) -> Container:
    """Store a container that is about to be created for an attempt of a task.

    Args:
        workspace: the directory that it will work on; for a clone not the task's own.
        slot: its number among the live containers of that directory.
    """
    insert(
        tx,
        "containers",
        {
            "id": container_id,
            "task_id": task.id,
            "attempt": attempt,
            "backend": task.backend,
            "state": ContainerState.CREATING,
            "slot": slot,
            "workspace": workspace,
            "network": task.network,
            "persistent": int(task.persistent),
            "unsandboxed": int(task.unsandboxed),
            "cpus": task.limits.cpus,
            "memory_mb": task.limits.memory_mb,
            "pids": task.limits.pids,
            "lifetime_s": task.limits.lifetime_s,
            "gpu": task.limits.gpu,
            "region": task.limits.region,
            "mounts": as_text(task.mounts),
            "image": task.image,
            "created_at": at,
            "rev": next_rev(tx),
            "owner_user": task.owner.user_id,
            "owner_session": task.owner.session_id,
            "owner_environment": container_id,
        },
    )
    return get(tx, container_id)


def free_slot(tx: sqlite3.Connection, workspace: str) -> int:
    """Give the smallest number, from 1, that no live container of the workspace has."""
    taken = {
        row[0]
        for row in tx.execute(f"SELECT slot FROM containers WHERE workspace = ? AND {_LIVE}", (workspace,))
    }
    slot = 1
    while slot in taken:
        slot += 1
    return slot


def slot_holder(db: sqlite3.Connection, workspace: str, slot: int) -> str | None:
    """Give the id of the live container that has this number of the workspace, if one has."""
    row = db.execute(
        f"SELECT id FROM containers WHERE workspace = ? AND slot = ? AND {_LIVE}", (workspace, slot)
    ).fetchone()
    return str(row[0]) if row else None


def predecessors(db: sqlite3.Connection, container: Container) -> list[str]:
    """Give the ended persistent containers of its image that stood in a container's place, the newest first."""
    found = db.execute(
        "SELECT id FROM containers WHERE workspace = ? AND slot = ? AND backend = ? AND owner_user = ?"
        f" AND image = ? AND persistent AND id != ? AND NOT {_LIVE} ORDER BY created_at DESC",
        (
            container.workspace,
            container.slot,
            container.backend,
            container.owner.user_id,
            container.image,
            container.id,
        ),
    )
    return [str(row[0]) for row in found]


def find(db: sqlite3.Connection, container_id: str) -> Container | None:
    """Read one container, None when there is none."""
    row = db.execute(f"{_ALL} WHERE id = ?", (container_id,)).fetchone()
    return rows.container(row) if row else None


def get(db: sqlite3.Connection, container_id: str) -> Container:
    """Read one container.

    Raises:
        ParheliaError: E203 when there is none.
    """
    found = find(db, container_id)
    if found is None:
        raise KIND.missing(container_id)
    return found


def resolve(db: sqlite3.Connection, text: str) -> Container:
    """Find a container by its id or by a beginning of its id, with or without `c-`.

    Raises:
        ParheliaError: E203 when there is none, E101 when several answer to it.
    """
    container_id = KIND.id_of(db, text)
    if container_id is None:
        raise KIND.missing(text)
    return get(db, container_id)


def live(db: sqlite3.Connection, *, newest: int | None = None) -> list[Container]:
    """Read the containers that have not ended, oldest first.

    Args:
        newest: how many of the newest; None for all.
    """
    found = db.execute(
        f"{_ALL} WHERE {_LIVE} ORDER BY created_at DESC, id LIMIT ?", (-1 if newest is None else newest,)
    ).fetchall()
    return [rows.container(row) for row in reversed(found)]


def paid(db: sqlite3.Connection) -> list[Container]:
    """Read the containers that run at providers, which cost by the second, and are to go on."""
    found = db.execute(f"{_ALL} WHERE state = 'running' AND wanted = 'run' AND backend <> 'local'")
    return [rows.container(row) for row in found]


def last_begun(db: sqlite3.Connection, backend: str, since: float) -> Container | None:
    """Read the newest container that began with a task at a provider.

    Args:
        since: None before this, in epoch seconds.
    """
    row = db.execute(
        # As the index says it, which has no rows of this machine.
        f"{_ALL} WHERE created_at >= ? AND backend = ? AND backend <> 'local' AND started_at IS NOT NULL AND task_id <> ''"
        " ORDER BY created_at DESC LIMIT 1",
        (since, backend),
    ).fetchone()
    return None if row is None else rows.container(row)


def count_live(db: sqlite3.Connection) -> int:
    """Count the containers that have not ended."""
    return int(db.execute(f"SELECT count(*) FROM containers WHERE {_LIVE}").fetchone()[0])


def to_terminate(db: sqlite3.Connection) -> list[Container]:
    """Read the containers that somebody wants to be gone and that have not ended."""
    return [
        rows.container(row)
        for row in db.execute(f"{_ALL} WHERE {_LIVE} AND wanted <> 'run' ORDER BY created_at")
    ]


def listed(
    db: sqlite3.Connection,
    *,
    states: Sequence[ContainerState] = (),
    workspace: str | None = None,
    limit: int | None = None,
) -> list[Container]:
    """Read containers, newest first."""
    wanted = [f"state IN ({', '.join('?' * len(states))})"] if states else []
    wanted += ["workspace = ?"] if workspace is not None else []
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    found = db.execute(
        f"{_ALL} {where} ORDER BY created_at DESC, id LIMIT ?",
        (*states, *([workspace] if workspace is not None else []), -1 if limit is None else limit),
    )
    return [rows.container(row) for row in found]


def of_task(db: sqlite3.Connection, task_id: str) -> list[Container]:
    """Read the containers of a task, oldest first."""
    found = db.execute(f"{_ALL} WHERE task_id = ? ORDER BY created_at", (task_id,))
    return [rows.container(row) for row in found]


def changed_since(db: sqlite3.Connection, rev: int) -> list[Container]:
    """Read the containers that changed after `rev`."""
    return [rows.container(row) for row in db.execute(f"{_ALL} WHERE rev > ? ORDER BY rev", (rev,))]


def move(tx: sqlite3.Connection, container: Container, to: ContainerState, **columns: Value) -> Container:
    """Bring a container to another state, together with other columns.

    Raises:
        ParheliaError: E103 for a forbidden move, E104 when it changed since it was read.
    """
    check_move(CONTAINER_MOVES, f"container {container.id}", container.state, to)
    if to in CONTAINER_LIVE and container.state not in CONTAINER_LIVE:
        # It comes back; its number may have been given to another one meanwhile.
        holder = slot_holder(tx, container.workspace, container.slot)
        if holder is not None:
            columns.setdefault("slot", free_slot(tx, container.workspace))
    change(tx, "containers", container.id, container.version, {"state": to, **columns})
    return get(tx, container.id)


def again(tx: sqlite3.Connection, container: Container, *, slot: int, at: float) -> Container:
    """Let one be made after all that never was anywhere; no other one that has ended comes back like this.

    It keeps its id, so that what a provider should have made of an earlier try is found under the same name.

    Raises:
        ParheliaError: E104 when it changed since it was read.
    """
    columns: dict[str, Value] = {
        "state": ContainerState.CREATING,
        "slot": slot,
        "reason": "",
        "exit_code": None,
        "created_at": at,
        "finished_at": None,
    }
    change(tx, "containers", container.id, container.version, columns)
    return get(tx, container.id)


def update(tx: sqlite3.Connection, container: Container, **columns: Value) -> Container:
    """Change columns of a container without a move.

    Raises:
        ParheliaError: E104 when it changed since it was read.
    """
    change(tx, "containers", container.id, container.version, columns)
    return get(tx, container.id)


def add_heartbeats(tx: sqlite3.Connection, container_id: str, beats: Iterable[dict[str, Any]]) -> None:
    """Store samples of a container; one that is stored already is left as it is."""
    tx.executemany(
        "INSERT INTO heartbeats"
        " (container_id, seq, at, cpu_percent, memory_bytes, pids, uptime_s, owner_environment)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (container_id, seq) DO NOTHING",
        [
            (
                container_id,
                beat["seq"],
                beat["at"],
                beat.get("cpu_percent"),
                beat.get("memory_bytes"),
                beat.get("pids"),
                beat.get("uptime_s", 0.0),
                container_id,
            )
            for beat in beats
        ],
    )


def heartbeats(db: sqlite3.Connection, container_id: str, limit: int) -> list[Heartbeat]:
    """Read the newest heartbeats of a container, oldest of them first."""
    found = db.execute(
        "SELECT * FROM heartbeats WHERE container_id = ? ORDER BY seq DESC LIMIT ?", (container_id, limit)
    ).fetchall()
    return [rows.heartbeat(row) for row in reversed(found)]


def heartbeats_since(db: sqlite3.Connection, container_id: str, seq: int) -> list[Heartbeat]:
    """Read the heartbeats of a container after number `seq`, in order."""
    found = db.execute(
        "SELECT * FROM heartbeats WHERE container_id = ? AND seq > ? ORDER BY seq", (container_id, seq)
    )
    return [rows.heartbeat(row) for row in found]


def last_heartbeat_seq(db: sqlite3.Connection, container_id: str) -> int:
    """Give the number of the newest heartbeat of a container, 0 when there is none."""
    found = db.execute("SELECT max(seq) FROM heartbeats WHERE container_id = ?", (container_id,)).fetchone()
    return int(found[0] or 0)


def remove_heartbeats_before(tx: sqlite3.Connection, at: float, piece: int) -> int:
    """Delete up to `piece` heartbeats older than `at`; called again until it gives 0."""
    cursor = tx.execute(
        "DELETE FROM heartbeats WHERE (container_id, seq) IN"
        " (SELECT container_id, seq FROM heartbeats WHERE at < ? LIMIT ?)",
        (at, piece),
    )
    return cursor.rowcount
