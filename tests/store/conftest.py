"""A store of its own for each test."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task

# A busy machine is no defect of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "parhelia.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_migrated(path)
    yield connection
    connection.close()


@pytest.fixture
def task(db: sqlite3.Connection) -> Task:
    with writing(db) as tx:
        return tasks.add(tx, make_task())


@pytest.fixture
def container(db: sqlite3.Connection, task: Task) -> Container:
    with writing(db) as tx:
        return containers.add(tx, "c-00000001", task, attempt=1, workspace=task.workspace, slot=1, at=1000.0)
