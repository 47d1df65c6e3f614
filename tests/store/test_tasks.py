"""Tasks and attempts: finding, listing, the queue."""

from __future__ import annotations

import sqlite3

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Limits, Owner, Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from tests.support.store import make_task


def add(db: sqlite3.Connection, *made: Task) -> None:
    with writing(db) as tx:
        for task in made:
            tasks.add(tx, task)


def test_a_task_comes_back_as_it_was_stored(db: sqlite3.Connection) -> None:
    task = make_task(
        prompt="Zeile\n\t\U0001f9ea e\u0301 \u202e" + "x" * 100_000,
        title="\u6f22\u5b57",
        agent_options={"seed": 7, "deep": {"list": [1, None, "\ud800"]}},
        env={"A": "\u00e9"},
        limits=Limits(cpus=0.5, memory_mb=64, pids=9, lifetime_s=1.5),
        persistent=True,
        slot_wanted=3,
        priority=-4,
        batch="b-1",
        owner=Owner("somebody", "theirs"),
    )
    add(db, task)
    stored = tasks.get(db, task.id)
    assert stored.rev == 1
    assert stored == make_task(**{name: getattr(task, name) for name in task.__slots__} | {"rev": 1})


def test_finding_by_id_beginning_and_slug(db: sqlite3.Connection) -> None:
    add(db, make_task("t-aaaa1111", slug="one"), make_task("t-aaaa2222", slug="two"), make_task("t-bbbb3333"))
    assert tasks.resolve(db, "t-aaaa1111").slug == "one"
    assert tasks.resolve(db, "t-b").id == tasks.resolve(db, "b").id == "t-bbbb3333"
    assert tasks.resolve(db, "aaaa2").slug == "two"
    assert tasks.resolve(db, "two").id == "t-aaaa2222"
    with pytest.raises(ParheliaError) as caught:
        tasks.resolve(db, "aaaa")
    assert caught.value.code == "E101"
    assert set(caught.value.details["ids"]) == {"t-aaaa1111", "t-aaaa2222"}  # type: ignore[call-overload]


def test_several_of_one_slug_are_not_guessed_between(db: sqlite3.Connection) -> None:
    add(db, *(make_task(f"t-0000000{number}", slug="test") for number in range(9)))
    with pytest.raises(ParheliaError, match="E101"):
        tasks.resolve(db, "test")


@pytest.mark.parametrize(
    "text", ["", "t-", "zzz", "t-zzz", "%", "_", "*", "'", "\0", "\udcff", "\U0001f9ea", "x" * 10**5, "a-tas"]
)
def test_what_is_not_there(db: sqlite3.Connection, text: str) -> None:
    if text == "t-":
        with pytest.raises(ParheliaError, match="E201"):
            tasks.resolve(db, text)
    add(db, make_task("t-00000001"), make_task("t-00000002"))
    with pytest.raises(ParheliaError) as caught:
        tasks.resolve(db, text)
    assert caught.value.code == ("E101" if text == "t-" else "E201")
    assert caught.value.message.isascii() or caught.value.message.isprintable()


def test_the_queue_goes_by_priority_and_then_by_age(db: sqlite3.Connection) -> None:
    add(
        db,
        make_task("t-1", priority=0, created_at=1.0),
        make_task("t-2", priority=5, created_at=3.0),
        make_task("t-3", priority=5, created_at=2.0),
        make_task("t-4", priority=-5, created_at=0.0),
        make_task("t-6", priority=0, created_at=1.0),
        make_task("t-5", priority=0, created_at=1.0),
        make_task("t-7", priority=9, state=TaskState.RUNNING),
    )
    with writing(db) as tx:
        tasks.update(tx, tasks.get(tx, "t-2"), wanted="cancel")
    assert [task.id for task in tasks.queue(db, 10)] == ["t-3", "t-1", "t-5", "t-6", "t-4"]
    assert [task.id for task in tasks.queue(db, 2)] == ["t-3", "t-1"]
    assert [task.id for task in tasks.unwanted(db)] == ["t-2"]


def test_an_ended_task_is_no_longer_unwanted(db: sqlite3.Connection, task: Task) -> None:
    with writing(db) as tx:
        task = tasks.move(tx, tasks.update(tx, task, wanted="cancel"), TaskState.CANCELLED)
    assert tasks.unwanted(db) == []


def test_lists_are_newest_first_and_cut_long_prompts(db: sqlite3.Connection) -> None:
    add(
        db,
        make_task("t-1", created_at=1.0, prompt="x" * 1000, batch="b-1"),
        make_task("t-2", created_at=2.0, state=TaskState.RUNNING),
        make_task("t-3", created_at=3.0, state=TaskState.FAILED, batch="b-1"),
    )
    assert [task.id for task in tasks.listed(db)] == ["t-3", "t-2", "t-1"]
    assert [task.id for task in tasks.listed(db, limit=1)] == ["t-3"]
    assert tasks.listed(db, limit=0) == []
    assert [task.id for task in tasks.listed(db, batch="b-1")] == ["t-3", "t-1"]
    wanted = (TaskState.RUNNING, TaskState.PENDING)
    assert [task.id for task in tasks.listed(db, states=wanted)] == ["t-2", "t-1"]
    assert [len(task.prompt) for task in tasks.listed(db, states=(TaskState.PENDING,))] == [400]
    assert len(tasks.get(db, "t-1").prompt) == 1000
    assert [task.id for task in tasks.alive(db)] == ["t-2"]
    assert tasks.counts(db) == {TaskState.PENDING: 1, TaskState.RUNNING: 1, TaskState.FAILED: 1}


def test_attempts_are_numbered_and_their_first_end_stays(db: sqlite3.Connection, task: Task) -> None:
    with writing(db) as tx:
        assert tasks.add_attempt(tx, task, "c-1", 1.0) == 1
        task = tasks.update(tx, task, attempt=1)
        tasks.end_attempt(tx, task.id, 1, TaskState.FAILED, "it fell", 3, 2.0)
        tasks.end_attempt(tx, task.id, 1, TaskState.COMPLETED, "it stood", 0, 3.0)
        assert tasks.add_attempt(tx, task, "c-2", 4.0) == 2
    first, second = tasks.attempts(db, task.id)
    assert (first.state, first.reason, first.exit_code, first.finished_at) == ("failed", "it fell", 3, 2.0)
    # The one that goes on is where its task is.
    assert (second.state, second.container_id, second.finished_at) == (task.state, "c-2", None)


def test_an_attempt_is_not_made_twice(db: sqlite3.Connection, task: Task) -> None:
    with writing(db) as tx:
        tasks.add_attempt(tx, task, "c-1", 1.0)
    with pytest.raises(ParheliaError), writing(db) as tx:
        tasks.add_attempt(tx, task, "c-2", 1.0)
    assert len(tasks.attempts(db, task.id)) == 1


def test_an_attempt_belongs_to_a_task(db: sqlite3.Connection) -> None:
    with pytest.raises(ParheliaError), writing(db) as tx:
        tasks.add_attempt(tx, make_task("t-nobody"), "c-1", 1.0)


def test_a_id_is_given_once(db: sqlite3.Connection, task: Task) -> None:
    with pytest.raises(ParheliaError), writing(db) as tx:
        tasks.add(tx, make_task(task.id, title="another"))
    assert tasks.get(db, task.id).title == task.title
