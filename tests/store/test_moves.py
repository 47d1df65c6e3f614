"""Every pair of states of the three tables, through the store: the allowed moves happen, no other does."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import (
    CONTAINER_MOVES,
    SESSION_MOVES,
    TASK_MOVES,
    ContainerState,
    SessionState,
    TaskState,
)
from parhelia_tui.core.store import containers, sessions, tasks
from parhelia_tui.core.store.changes import current_rev
from parhelia_tui.core.store.connection import writing
from tests.support.store import make_task


def pairs(states: type[StrEnum], moves: Mapping[Any, frozenset[Any]]) -> list[Any]:
    return [pytest.param(old, new, new in moves[old], id=f"{old}-{new}") for old in states for new in states]


def check(db: sqlite3.Connection, kind: Any, record: Any, new: Any, allowed: bool) -> None:
    """Move a record of any kind; say what must hold either way."""
    rev = current_rev(db)
    if allowed:
        with writing(db) as tx:
            moved = kind.move(tx, record, new, reason="because")
        assert (moved.state, moved.reason, moved.version) == (new, "because", record.version + 1)
        assert moved.rev == current_rev(db) == rev + 1
        assert kind.get(db, record.id) == moved
        assert [each.id for each in kind.changed_since(db, rev)] == [record.id]
        return
    with pytest.raises(ParheliaError) as caught, writing(db) as tx:
        kind.move(tx, record, new, reason="because")
    assert caught.value.code == "E103"
    assert caught.value.exit is Exit.TRANSITION
    assert caught.value.details["from"] == record.state
    assert caught.value.details["to"] == new
    assert kind.get(db, record.id) == record
    assert kind.changed_since(db, rev) == []


@pytest.mark.parametrize(("old", "new", "allowed"), pairs(TaskState, TASK_MOVES))
def test_tasks(db: sqlite3.Connection, old: TaskState, new: TaskState, allowed: bool) -> None:
    with writing(db) as tx:
        task = tasks.add(tx, make_task(state=old))
    check(db, tasks, task, new, allowed)


@pytest.mark.parametrize(("old", "new", "allowed"), pairs(ContainerState, CONTAINER_MOVES))
def test_containers(
    db: sqlite3.Connection, container: Container, old: ContainerState, new: ContainerState, allowed: bool
) -> None:
    db.execute("UPDATE containers SET state = ?", (old,))
    check(db, containers, containers.get(db, container.id), new, allowed)


@pytest.mark.parametrize(("old", "new", "allowed"), pairs(SessionState, SESSION_MOVES))
def test_sessions(
    db: sqlite3.Connection, container: Container, old: SessionState, new: SessionState, allowed: bool
) -> None:
    with writing(db) as tx:
        session = sessions.add(tx, "s-1", "ph-a-1", container, "main", "sh", 1.0)
        tx.execute("UPDATE sessions SET state = ?", (old,))
    check(db, sessions, sessions.get(db, session.id), new, allowed)


@pytest.mark.parametrize("change", ["move", "update"])
def test_who_read_before_somebody_else_wrote_is_told(
    db: sqlite3.Connection, task: Task, container: Container, change: str
) -> None:
    """Optimistic locking: the second of two who read the same version writes nothing."""
    with writing(db) as tx:
        session = sessions.add(tx, "s-1", "ph-a-1", container, "main", "sh", 1.0)
    kinds: list[tuple[Any, Any, Any]] = [
        (tasks, task, TaskState.DISPATCHING),
        (containers, container, ContainerState.RUNNING),
        (sessions, session, SessionState.RUNNING),
    ]
    for kind, record, state in kinds:
        with writing(db) as tx:
            first = kind.update(tx, record, reason="first")
        rev = current_rev(db)
        arguments = (db, record, state) if change == "move" else (db, record)
        with pytest.raises(ParheliaError) as caught, writing(db):
            getattr(kind, change)(*arguments, reason="second")
        assert caught.value.code == "E104"
        assert kind.get(db, record.id) == first
        assert current_rev(db) == rev
