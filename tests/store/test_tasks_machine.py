"""Tasks against a model: any order of adding, moving, changing and reading gives what a dictionary would."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_ENDED, TASK_MOVES, TaskState
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.changes import current_rev
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task

STATES = st.sampled_from(TaskState)


@dataclass(frozen=True)
class Known:
    """What the model knows of one task."""

    id: str
    slug: str
    priority: int
    created_at: float
    state: TaskState
    wanted: str
    title: str
    version: int
    rev: int


class Tasks(RuleBasedStateMachine):
    ids = Bundle("ids")
    read = Bundle("read")

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="parhelia-machine-"))
        self.db = open_migrated(self.directory / "parhelia.db")
        self.known: dict[str, Known] = {}
        self.rev = 0

    def teardown(self) -> None:
        self.db.close()
        shutil.rmtree(self.directory)

    @rule(
        target=ids,
        digits=st.text("01", min_size=3, max_size=5),
        slug=st.sampled_from(["fix", "test", "t-0"]),
        priority=st.integers(-2, 2),
        created_at=st.floats(0, 3).map(round),
    )
    def add(self, digits: str, slug: str, priority: int, created_at: float) -> str:
        task = make_task(f"t-{digits}", slug=slug, priority=priority, created_at=float(created_at))
        if task.id in self.known:
            with pytest.raises(ParheliaError), writing(self.db) as tx:
                tasks.add(tx, task)
            return task.id
        with writing(self.db) as tx:
            tasks.add(tx, task)
        self.rev += 1
        self.known[task.id] = Known(
            task.id, slug, priority, float(created_at), TaskState.PENDING, "run", task.title, 1, self.rev
        )
        return task.id

    @rule(target=read, task_id=ids)
    def look(self, task_id: str) -> Task:
        return tasks.get(self.db, task_id)

    @rule(record=read, to=STATES)
    def move(self, record: Task, to: TaskState) -> None:
        """Also with a record that was read long ago."""
        known = self.known[record.id]
        if to not in TASK_MOVES[record.state]:
            self._refused("E103", record, to)
        elif record.version != known.version:
            self._refused("E104", record, to)
        else:
            with writing(self.db) as tx:
                tasks.move(tx, record, to)
            self._wrote(replace(known, state=to))

    @rule(task_id=ids, to=STATES)
    def move_fresh(self, task_id: str, to: TaskState) -> None:
        self.move(tasks.get(self.db, task_id), to)

    @rule(record=consumes(read), title=st.text(st.characters(codec="utf-8"), max_size=8))
    def rename(self, record: Task, title: str) -> None:
        known = self.known[record.id]
        if record.version != known.version:
            with pytest.raises(ParheliaError, match="E104"), writing(self.db) as tx:
                tasks.update(tx, record, title=title)
            return
        with writing(self.db) as tx:
            tasks.update(tx, record, title=title)
        self._wrote(replace(known, title=title))

    @rule(task_id=ids)
    def cancel(self, task_id: str) -> None:
        with writing(self.db) as tx:
            tasks.update(tx, tasks.get(tx, task_id), wanted="cancel")
        self._wrote(replace(self.known[task_id], wanted="cancel"))

    @rule(task_id=ids, to=STATES)
    def fail_in_the_middle(self, task_id: str, to: TaskState) -> None:
        """A transaction that ends in an error has not been, whatever was written in it."""

        def try_it() -> None:
            with writing(self.db) as tx:
                tasks.update(tx, tasks.get(tx, task_id), title="never")
                tasks.move(tx, tasks.get(tx, task_id), to)
                raise ZeroDivisionError

        with pytest.raises((ZeroDivisionError, ParheliaError)):
            try_it()

    @rule(text=st.text("01t-", max_size=5) | st.sampled_from(["fix", "test"]))
    def resolve(self, text: str) -> None:
        begin = text if text.startswith("t-") else f"t-{text}"
        exact = [text] if text in self.known else []
        found = exact or [
            each.id
            for each in self.known.values()
            if text and (each.id.startswith(begin) or each.slug == text)
        ]
        if len(found) == 1:
            assert tasks.resolve(self.db, text).id == found[0]
        else:
            with pytest.raises(ParheliaError, match="E101" if found else "E201"):
                tasks.resolve(self.db, text)

    @rule(limit=st.integers(0, 4))
    def queue(self, limit: int) -> None:
        waiting = [each for each in self.known.values() if each.state == "pending" and each.wanted == "run"]
        waiting.sort(key=lambda each: (-each.priority, each.created_at, each.id))
        assert [task.id for task in tasks.queue(self.db, limit)] == [each.id for each in waiting[:limit]]

    @rule(rev=st.integers(0, 60))
    def changed_since(self, rev: int) -> None:
        changed = sorted((each.rev, each.id) for each in self.known.values() if each.rev > rev)
        assert [(task.rev, task.id) for task in tasks.changed_since(self.db, rev)] == changed

    @rule()
    def unwanted(self) -> None:
        known = {
            each.id for each in self.known.values() if each.wanted != "run" and each.state not in TASK_ENDED
        }
        assert {task.id for task in tasks.unwanted(self.db)} == known

    @invariant()
    def everything_is_as_known(self) -> None:
        stored = {
            task.id: Known(
                task.id,
                task.slug,
                task.priority,
                task.created_at,
                task.state,
                task.wanted,
                task.title,
                task.version,
                task.rev,
            )
            for task in tasks.listed(self.db)
        }
        assert stored == self.known
        assert current_rev(self.db) == self.rev
        assert tasks.counts(self.db) == Counter(each.state for each in self.known.values())

    def _refused(self, code: str, record: Task, to: TaskState) -> None:
        with pytest.raises(ParheliaError, match=code), writing(self.db) as tx:
            tasks.move(tx, record, to)

    def _wrote(self, known: Known) -> None:
        self.rev += 1
        self.known[known.id] = replace(known, version=known.version + 1, rev=self.rev)


TestTasks = Tasks.TestCase
TestTasks.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
