"""Spare sandboxes in the store: each is taken once, by a task that it suits, and its seconds are entered once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.backends.modal.provider import BEGIN_S
from parhelia_tui.core.client import Client
from parhelia_tui.core.control.spares import take
from parhelia_tui.core.meter.sandboxes import second_of
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Limits, Task
from parhelia_tui.core.model.spares import GONE_S, KEPT_S, SpareState
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import containers, ledger, spares, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task

AT = 1000.0
SPARE = "c-00000002"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = open_migrated(tmp_path / "parhelia.db")
    yield made
    made.close()


@pytest.fixture
def task(db: sqlite3.Connection) -> Task:
    """A task, beside a spare like its container."""
    asked = replace(make_task(), backend="modal", network="none", limits=Limits(cpus=2.0, pids=100))
    with writing(db) as tx:
        task = tasks.add(tx, asked)
        like = containers.add(tx, "c-00000001", task, attempt=1, workspace=task.workspace, slot=1, at=AT)
        spares.add(tx, SPARE, like, task.agent, AT)
        spares.update(tx, SPARE, state=SpareState.WAITING, made_at=AT + 5)
    return task


def taken(db: sqlite3.Connection, task: Task, at: float = AT + 100) -> str | None:
    with writing(db) as tx:
        return take(tx, task, at)


def test_it_is_taken_once_and_paid_for_until_then(db: sqlite3.Connection, task: Task) -> None:
    with writing(db) as tx:
        found = spares.find(tx, SPARE)
        assert found is not None
        spares.book(tx, found, until=AT + 60, cost_usd=0.25)
    assert taken(db, task) == SPARE
    assert taken(db, task) is None
    second = second_of("modal", task.limits)
    assert second is not None
    assert ledger.spent(db).usd == pytest.approx(0.25 + second * 40)
    (part,) = ledger.parts(db, "task", 0.0)
    assert (part.name, part.answers) == ("spares", 2)
    # Whoever has it pays from that moment on.
    assert ledger.last_at(db, SPARE, "modal") == AT + 100


@pytest.mark.parametrize(
    "other",
    [
        {"agent": "claude"},
        {"network": "open"},
        {"backend": "local"},
        {"limits": Limits(cpus=1.0)},
        {"limits": Limits(cpus=2.0, memory_mb=4096)},
        {"limits": Limits(cpus=2.0, lifetime_s=60.0)},
        {"limits": Limits(cpus=2.0, gpu="T4")},
        {"limits": Limits(cpus=2.0, region="us-east")},
    ],
    ids=lambda other: "-".join(map(str, next(iter(other.items())))),
)
def test_no_other_kind_of_task_takes_it(db: sqlite3.Connection, task: Task, other: dict[str, Any]) -> None:
    assert taken(db, replace(task, **other)) is None
    assert spares.find(db, SPARE) is not None


def test_how_many_processes_it_may_have_is_settled_when_it_is_brought(
    db: sqlite3.Connection, task: Task
) -> None:
    assert taken(db, replace(task, limits=Limits(cpus=2.0, pids=7))) == SPARE


@pytest.mark.parametrize("state", sorted({*SpareState} - {SpareState.WAITING}))
def test_only_one_that_waits_is_taken(db: sqlite3.Connection, task: Task, state: SpareState) -> None:
    with writing(db) as tx:
        spares.update(tx, SPARE, state=state)
    assert taken(db, task) is None


def test_it_is_meant_by_a_beginning_of_its_id_that_no_container_has_too(
    tmp_path: Path, db: sqlite3.Connection, task: Task
) -> None:
    client = Client(Paths(tmp_path))
    assert [client.container_or_spare(each).id for each in (SPARE, "00000002", "c-00000001")] == [
        SPARE,
        SPARE,
        "c-00000001",
    ]
    with pytest.raises(ParheliaError, match=r"E101.*c-00000001, c-00000002"):
        client.container_or_spare("c-0")
    with pytest.raises(ParheliaError, match="E203"):
        client.container_or_spare("c-1")
    assert taken(db, task) == SPARE
    # Who was asked about a spare did not speak of the work of a task.
    with pytest.raises(ParheliaError, match="E103"):
        client.terminate_spare(SPARE)
    client.close()


def test_none_is_taken_that_may_end_itself_before_it_was_brought_all(
    db: sqlite3.Connection, task: Task
) -> None:
    assert taken(db, task, AT + KEPT_S + 1) is None
    found = spares.find(db, SPARE)
    assert found is not None
    # It waits for 900 s by itself; what is brought to it has five minutes.
    assert KEPT_S + 300 <= BEGIN_S < GONE_S
    assert found.gone_at == AT + 5 + GONE_S
