"""What is left of a ceiling, and which is spent, where sandboxes have spent it and no request has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from parhelia_tui.core.meter import ceilings
from parhelia_tui.core.meter.book import empty_book
from parhelia_tui.core.meter.left import Spent, left
from parhelia_tui.core.meter.money import nano
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.store import ledger, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task

NOW = 1_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_migrated(tmp_path / "parhelia.db")) as db:
        yield db


@pytest.fixture
def book() -> Iterator[sqlite3.Connection]:
    with closing(empty_book()) as db:
        yield db


def stored(store: sqlite3.Connection, task_id: str, cost_usd: float = 0.0) -> Task:
    """A task of one plan, whose sandbox has cost so much."""
    with writing(store) as tx:
        task = tasks.add(tx, make_task(id=task_id, slug=task_id, batch="p-1", backend="modal"))
        if not cost_usd:
            return task
        ledger.add(
            tx,
            task,
            container_id=f"c-{task_id}",
            spool_seq=1,
            at=NOW,
            model="modal",
            input_tokens=0,
            output_tokens=0,
            cost_usd=cost_usd,
        )
        return tasks.update(tx, task, cost_usd=cost_usd)


def test_what_sandboxes_of_a_plan_have_cost_is_not_left_for_its_next_one(
    store: sqlite3.Connection, book: sqlite3.Connection
) -> None:
    first, second = stored(store, "t-00000001", 3.0), stored(store, "t-00000002")
    ceilings.put(book, "plan:p-1", nano(5), NOW)
    (found,) = left(store, book, second, NOW, {first.id: 0.5})
    assert found.of == "the budget of plan p-1"
    assert found.usd == pytest.approx(1.5)


@pytest.mark.parametrize("scope", ["all", "day", "plan:p-1", "task:t-00000001"])
def test_a_ceiling_is_spent_by_what_the_ledger_has_and_by_seconds_that_it_does_not_have_yet(
    store: sqlite3.Connection, book: sqlite3.Connection, scope: str
) -> None:
    task = stored(store, "t-00000001", 3.0)
    ceilings.put(book, scope, nano(4), NOW)
    assert Spent(store, book, [(task, 0.9)], NOW).of(task) == ""
    assert Spent(store, book, [(task, 1.0)], NOW).of(task) == scope
    ceilings.put(book, scope, nano(3), NOW)
    assert Spent(store, book, [], NOW).of(task) == scope
