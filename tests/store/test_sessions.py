"""Sessions: finding the one that is meant."""

from __future__ import annotations

import sqlite3

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import SessionState
from parhelia_tui.core.store import sessions
from parhelia_tui.core.store.connection import writing


def add(
    db: sqlite3.Connection,
    container: Container,
    session_id: str,
    name: str,
    kind: str = "main",
    at: float = 1.0,
) -> None:
    with writing(db) as tx:
        sessions.add(tx, session_id, name, container, kind, "sh", at)


def end(db: sqlite3.Connection, session_id: str) -> None:
    with writing(db) as tx:
        sessions.move(tx, sessions.get(tx, session_id), SessionState.TERMINATED)


def test_finding_by_id_name_task_and_container(db: sqlite3.Connection, container: Container) -> None:
    add(db, container, "s-1", "ph-a-1")
    add(db, container, "s-2", "ph-a-2", kind="extra", at=2.0)
    for text in ("s-1", "ph-a-1", container.id, container.task_id):
        assert sessions.resolve(db, text).id == "s-1"
    assert sessions.resolve(db, "ph-a-2").id == sessions.resolve(db, "s-2").id == "s-2"
    assert [each.id for each in sessions.of_container(db, container.id)] == ["s-1", "s-2"]
    for text in ("", "s-9", "ph-a", "%", "\udcff", "\0"):
        with pytest.raises(ParheliaError, match="E200"):
            sessions.resolve(db, text)


def test_a_living_session_goes_before_an_ended_one(db: sqlite3.Connection, container: Container) -> None:
    add(db, container, "s-1", "ph-a-1", at=1.0)
    add(db, container, "s-2", "ph-a-1", at=2.0)
    end(db, "s-2")
    assert sessions.resolve(db, "ph-a-1").id == "s-1"
    end(db, "s-1")
    assert sessions.resolve(db, "ph-a-1").id == "s-2"


def test_two_living_sessions_of_one_name_are_not_guessed_between(
    db: sqlite3.Connection, container: Container
) -> None:
    add(db, container, "s-1", "ph-a-1", at=1.0)
    add(db, container, "s-2", "ph-a-1", at=2.0)
    with pytest.raises(ParheliaError) as caught:
        sessions.resolve(db, "ph-a-1")
    assert caught.value.code == "E101"
    assert caught.value.details == {"ids": ["s-2", "s-1"]}
    # By its task the newest is meant, as after a retry.
    assert sessions.resolve(db, container.task_id).id == "s-2"


def test_lists(db: sqlite3.Connection, container: Container) -> None:
    for number in (1, 2, 3):
        add(db, container, f"s-{number}", f"ph-a-{number}", at=float(number))
    end(db, "s-2")
    with writing(db) as tx:
        for session_id in ("s-2", "s-3"):
            sessions.update(tx, sessions.get(tx, session_id), wanted="end")
    assert [each.id for each in sessions.listed(db, ended_too=False)] == ["s-3", "s-1"]
    assert [each.id for each in sessions.listed(db, ended_too=True)] == ["s-3", "s-2", "s-1"]
    assert [each.id for each in sessions.listed(db, ended_too=True, limit=1)] == ["s-3"]
    assert [each.id for each in sessions.unwanted(db)] == ["s-3"]
