"""A question whose container has ended elsewhere, with and without what it made."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from parhelia_tui.core.backends.base import ExitRecord
from parhelia_tui.core.control import ending
from parhelia_tui.core.control.due_checkpoints import _left_its_work
from parhelia_tui.core.control.review import Policy
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import ApprovalKind, ApprovalState, ContainerState, TaskState, Trigger
from parhelia_tui.core.settings.config_policy import PolicyConfig
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim import exit_record
from parhelia_tui.core.store import approvals, checkpoints, containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_migrated(tmp_path / "parhelia.db")) as db:
        yield db


@pytest.fixture
def asks(store: sqlite3.Connection) -> Container:
    """A sandbox whose agent waits for an answer."""
    with writing(store) as tx:
        task = tasks.add(tx, make_task(backend="modal", agent="claude", agent_options={"headless": "true"}))
        number = tasks.add_attempt(tx, task, "c-00000001", 1000.0)
        made = containers.add(tx, "c-00000001", task, attempt=number, workspace="/srv", slot=1, at=1000.0)
        made = containers.move(tx, made, ContainerState.RUNNING, started_at=1001.0)
        task = tasks.move(tx, task, TaskState.DISPATCHING, attempt=number, container_id=made.id)
        task = tasks.move(tx, task, TaskState.RUNNING)
        tasks.move(tx, task, TaskState.WAITING)
        approvals.add(
            tx,
            "a-00000001",
            made,
            ask=1,
            kind=ApprovalKind.PERMISSION,
            tool="Bash",
            given={},
            cut=False,
            message="",
            at=1002.0,
        )
        return made


def record(*, has_results: bool) -> ExitRecord:
    """The end of a sandbox that was killed."""
    return ExitRecord(137, 9, "died", "it was killed", 1003.0, 1001.0, (), 0, has_results)


def test_it_outlives_a_sandbox_whose_work_is_here(store: sqlite3.Connection, asks: Container) -> None:
    with writing(store) as tx:
        ending.container_ended(tx, asks.id, record(has_results=True), Policy(PolicyConfig(), resumes=3))
    assert tasks.get(store, asks.task_id).state is TaskState.WAITING
    assert [each.trigger for each in checkpoints.listed(store, task_id=asks.task_id)] == [Trigger.END]
    assert approvals.get(store, "a-00000001").state is ApprovalState.PENDING


@pytest.mark.parametrize("how", ["told", "lost"])
def test_it_goes_with_a_sandbox_whose_work_did_not_come(
    store: sqlite3.Connection, asks: Container, how: str
) -> None:
    """What is here is older than the question: no checkpoint of it may pass for the end, and no talk go on from it."""
    with writing(store) as tx:
        if how == "told":
            ending.container_ended(tx, asks.id, record(has_results=False), Policy(PolicyConfig(), resumes=3))
        else:
            ending.container_lost(tx, asks.id, "modal knows nothing of it any more", 3, 1003.0)
    assert tasks.get(store, asks.task_id).state in (TaskState.FAILED, TaskState.NEEDS_REVIEW)
    assert checkpoints.listed(store, task_id=asks.task_id) == []
    assert approvals.get(store, "a-00000001").state is ApprovalState.WITHDRAWN


@pytest.mark.parametrize(
    ("state", "has_results", "due"),
    [
        (ContainerState.FAILED, None, False),
        (ContainerState.LOST, None, False),
        (ContainerState.FAILED, False, False),
        (ContainerState.FAILED, True, True),
        (ContainerState.TERMINATED, None, True),
    ],
)
def test_a_checkpoint_is_taken_at_the_end_only_of_what_came_home(
    asks: Container, tmp_path: Path, state: ContainerState, has_results: bool | None, due: bool
) -> None:
    """One that vanished without a word left what was here before it: that would pass for its end."""
    context: Any = SimpleNamespace(paths=Paths(tmp_path))
    run = private_directory(context.paths.container(asks.id))
    if has_results is not None:
        ended = dataclasses.asdict(record(has_results=has_results))
        (run / exit_record.NAME).write_text(json.dumps(ended))
    assert _left_its_work(context, dataclasses.replace(asks, state=state)) is due
