"""The history, the books and what was asked of the controller."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from parhelia_tui.core.model.records import Container, Owner, Task
from parhelia_tui.core.store import containers, events, intents, ledger, sessions, tasks
from parhelia_tui.core.store.connection import writing


def tell(db: sqlite3.Connection, type: str, at: float = 1.0, **more: str) -> int:
    with writing(db) as tx:
        return events.append(tx, type, more.pop("message", "said"), at=at, **more)  # type: ignore[arg-type]


def test_an_event_comes_back_safe_to_show(db: sqlite3.Connection) -> None:
    with writing(db) as tx:
        seq = events.append(
            tx,
            "task.completed",
            "\x1b]52;c;YQ==\x07done\n\u202e\udcff" + "x" * 1000,
            data={"n": 1, "text": "\ud800"},
            task_id="t-1",
            owner=Owner("u", "s", "e"),
        )
    (event,) = events.newest(db, 10)
    assert event.seq == seq == events.last_seq(db)
    assert event.message.startswith("done \ufffdxxx")
    assert len(event.message) == 500
    assert event.data == {"n": 1, "text": "\ud800"}
    row = db.execute("SELECT owner_user, owner_session, owner_environment FROM events").fetchone()
    assert tuple(row) == ("u", "s", "e")


def test_filters_of_the_history(db: sqlite3.Connection) -> None:
    tell(db, "task.created", 1.0, task_id="t-1")
    tell(db, "task.failed", 2.0, task_id="t-1", container_id="c-1", level="error")
    tell(db, "container.started", 3.0, container_id="c-1", level="debug")
    tell(db, "task.created", 4.0, task_id="t-2")
    tell(db, "task[x].odd?", 5.0, level="warning")

    def found(**filters: object) -> list[int]:
        return [event.seq for event in events.find(db, **filters)]  # type: ignore[arg-type]

    assert found() == [1, 2, 3, 4, 5]
    assert found(limit=2) == [4, 5]
    assert found(task_id="t-1") == [1, 2]
    assert found(container_id="c-1") == [2, 3]
    assert found(task_id="t-1", container_id="c-1") == [2]
    assert found(types=["task.created"]) == [1, 4]
    assert found(types=["task."]) == found(types=["task.*"]) == [1, 2, 4]
    assert found(types=["container.", "task.failed"]) == [2, 3]
    assert found(types=["task[x].odd?"]) == [5]
    assert found(types=["task.create?"]) == []
    assert found(least_level="info") == [1, 2, 4, 5]
    assert found(least_level="warning") == [2, 5]
    assert found(least_level="error") == [2]
    assert found(after_seq=3) == [4, 5]
    assert found(from_at=2.0, to_at=4.0) == [2, 3, 4]
    assert [event.seq for event in events.since(db, 1, limit=2)] == [2, 3]


def test_the_newest_are_given_in_order(db: sqlite3.Connection) -> None:
    for number in range(5):
        tell(db, "x", message=str(number))
    assert [event.message for event in events.newest(db, 3)] == ["2", "3", "4"]


def test_old_events_go_in_pieces(db: sqlite3.Connection) -> None:
    for number in range(25):
        tell(db, "x", float(number))
    gone: list[int] = []
    while not gone or gone[-1]:
        with writing(db) as tx:
            gone.append(events.remove_before(tx, 22.0, 10))
    assert gone == [10, 10, 2, 0]
    assert [event.at for event in events.newest(db, 99)] == [22.0, 23.0, 24.0]


def plan_of(db: sqlite3.Connection, read: Callable[[], object]) -> str:
    """Say how SQLite will go about the last statement that a function of the store runs."""
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    read()
    db.set_trace_callback(None)
    return " | ".join(row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {statements[-1]}"))


def test_what_is_asked_often_goes_by_an_index(db: sqlite3.Connection) -> None:
    asked: list[tuple[Callable[[], object], str]] = [
        (lambda: events.newest(db, 50), "SCAN events"),
        (lambda: events.since(db, 5), "SEARCH events USING INTEGER PRIMARY KEY"),
        (lambda: events.find(db, task_id="t-1"), "SEARCH events USING INDEX events_task"),
        (lambda: events.find(db, container_id="c-1"), "SEARCH events USING INDEX events_container"),
        (lambda: events.remove_before(db, 1.0, 9), "USING COVERING INDEX events_at"),
        (lambda: containers.remove_heartbeats_before(db, 1.0, 9), "USING COVERING INDEX heartbeats_at"),
        (lambda: tasks.changed_since(db, 5), "SEARCH tasks USING INDEX tasks_rev"),
        (lambda: containers.changed_since(db, 5), "SEARCH containers USING INDEX containers_rev"),
        (lambda: sessions.changed_since(db, 5), "SEARCH sessions USING INDEX sessions_rev"),
        (lambda: tasks.queue(db, 8), "SCAN tasks USING INDEX tasks_queue"),
        (lambda: tasks.listed(db, limit=50), "SCAN tasks USING INDEX tasks_created"),
        (lambda: tasks.unwanted(db), "tasks USING INDEX tasks_unwanted"),
        (lambda: containers.live(db), "USING INDEX containers_live"),
        (lambda: ledger.spent(db, from_at=1.0), "SEARCH ledger USING INDEX ledger_at"),
        (lambda: ledger.of_task(db, "t-1"), "SEARCH ledger USING INDEX ledger_task"),
    ]
    for read, expected in asked:
        plan = plan_of(db, read)
        assert expected in plan, (expected, plan)
        assert "SCAN heartbeats" not in plan
    assert "TEMP B-TREE" not in plan_of(db, lambda: tasks.queue(db, 8))


def spend(db: sqlite3.Connection, task: Task, seq: int, at: float, cost: float | None) -> bool:
    with writing(db) as tx:
        return ledger.add(
            tx,
            task,
            container_id="c-1",
            spool_seq=seq,
            at=at,
            model="m",
            input_tokens=10,
            output_tokens=1,
            cost_usd=cost,
        )


def test_a_spending_that_is_read_twice_is_stored_once(db: sqlite3.Connection, task: Task) -> None:
    assert spend(db, task, 1, 1.0, 0.5)
    assert not spend(db, task, 1, 9.0, 7.0)
    assert spend(db, task, 2, 2.0, None)
    assert [(entry.at, entry.cost_usd) for entry in ledger.of_task(db, task.id)] == [(1.0, 0.5), (2.0, None)]
    assert ledger.spent(db) == ledger.Spent(0.5, 1, 20, 2)
    assert ledger.spent(db, from_at=1.5) == ledger.Spent(0.0, 1, 10, 1)
    assert ledger.spent(db, task_id="t-other") == ledger.Spent(0.0, 0, 0, 0)
    assert ledger.last_id(db) == ledger.of_task(db, task.id)[-1].id


@pytest.mark.parametrize("cost", [-0.01, float("inf"), float("nan"), 1e12])
def test_a_cost_that_cannot_be_is_refused(db: sqlite3.Connection, task: Task, cost: float) -> None:
    with pytest.raises(ValueError):
        spend(db, task, 1, 1.0, cost)
    assert ledger.last_id(db) == 0


def test_spending_by_hour(db: sqlite3.Connection, task: Task) -> None:
    now = 100 * 3600.0
    for seq, (age_h, cost) in enumerate([(0.0, 1.0), (0.5, 2.0), (1.5, 4.0), (23.9, 8.0), (24.1, 16.0)]):
        spend(db, task, seq, now - age_h * 3600, cost)
    spend(db, task, 99, now, None)
    hours = ledger.by_hour(db, now, 24)
    assert len(hours) == 24
    assert (hours[23], hours[22], hours[0]) == (3.0, 4.0, 8.0)
    assert sum(hours) == 15.0


def test_an_intent_is_answered_once(db: sqlite3.Connection, container: Container) -> None:
    with writing(db) as tx:
        first = intents.add(tx, "session.create", container.id, {"command": ["sh"]}, 1.0)
        second = intents.add(tx, "reconcile", "", {}, 2.0, Owner("u", "s"))
    assert intents.pending(db) == [first, second]
    assert (first.state, first.payload, first.result) == ("pending", {"command": ["sh"]}, {})
    with writing(db) as tx:
        intents.handle(tx, first.id, "done", {"session_id": "s-1"}, 3.0)
        intents.handle(tx, first.id, "refused", {"code": "E205"}, 4.0)
    after = intents.get(db, first.id)
    assert (after.state, after.result, after.handled_at) == ("done", {"session_id": "s-1"}, 3.0)
    assert intents.pending(db) == [second]
