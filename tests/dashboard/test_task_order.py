"""The order of the tasks, against the plain way of finding it anew after each change."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens import task_order
from parhelia_tui.screens.filter_terms import terms, words_of
from parhelia_tui.screens.task_order import TaskOrder, need
from tests.support.store import make_task

IDS = [f"t-{number:08x}" for number in range(12)]
WORDS = ("mend", "parser", "docs")
FILTERS = ("", "m", "me", "mend", "mend parser", "state:failed", "!docs", "nothing at all")
STATES = (TaskState.RUNNING, TaskState.WAITING, TaskState.FAILED, TaskState.PENDING)


def plainly(tasks: dict[str, Task], text: str) -> list[str]:
    wanted = terms(text)
    fitting = [each for each in tasks.values() if all(term.holds(each, words_of(each)) for term in wanted)]
    return [each.id for each in sorted(fitting, key=lambda each: (need(each), -each.created_at, each.id))]


class Orders(RuleBasedStateMachine):
    """Changes, drops and filters."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, Task] = {}
        self.order = TaskOrder(())
        self.text = ""
        self.given: list[str] = []
        self.as_given: list[str] = []

    @rule(
        task_id=st.sampled_from(IDS),
        title=st.sampled_from(WORDS),
        state=st.sampled_from(STATES),
        created_at=st.integers(0, 3),
    )
    def put(self, task_id: str, title: str, state: TaskState, created_at: int) -> None:
        task = make_task(id=task_id, title=title, state=state, created_at=float(created_at))
        self.tasks[task_id] = task
        self.order.put(task)

    @rule(task_id=st.sampled_from(IDS))
    def drop(self, task_id: str) -> None:
        self.tasks.pop(task_id, None)
        self.order.drop(task_id)

    @rule()
    def keep_words(self) -> None:
        self.order.keep_words(self.tasks)

    @rule(from_end=st.booleans())
    def sort_by_need(self, from_end: bool) -> None:
        # By its own value first, so that there is another order to come back from.
        self.order.sort(lambda task: task.title, self.tasks, from_end=from_end)
        self.order.sort(None, self.tasks, from_end=False)

    @rule(text=st.sampled_from(FILTERS))
    def filter(self, text: str) -> None:
        self.text = text
        self.order.filter(text, self.tasks)

    @invariant()
    def shows_what_fits(self) -> None:
        assert self.given == self.as_given, "who was given ids keeps them as they were"
        self.given = self.order.ids()
        self.as_given = self.given.copy()
        assert self.given == plainly(self.tasks, self.text)


def test_whatever_changes_stands_where_it_belongs() -> None:
    run_state_machine_as_test(
        Orders,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            # It says as much about what else the machine does.
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_a_letter_makes_no_words_where_they_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(task: Task) -> str:
        made.append(task.id)
        return words_of(task)

    monkeypatch.setattr(task_order, "words_of", counted)
    tasks = {name: make_task(id=name, title="mend") for name in IDS}
    order = TaskOrder([tasks[IDS[0]]])
    order.keep_words(tasks)
    for name in IDS[1:]:
        order.put(tasks[name])
    assert sorted(made) == IDS
    order.sort(lambda task: task.title, tasks, from_end=True)
    order.filter("m", tasks)
    assert len(order.ids()) == len(IDS)
    assert len(made) == len(IDS)


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 5)), max_size=12))
def test_the_other_end_first_is_the_order_turned_round_but_for_what_is_alike(
    made: list[tuple[str, int]],
) -> None:
    tasks = [
        make_task(id=IDS[number], title=title, created_at=float(at))
        for number, (title, at) in enumerate(made)
    ]
    order = TaskOrder(tasks)
    found = {task.id: task for task in tasks}
    order.sort(lambda task: task.title, found, from_end=True)
    expected = sorted(tasks, key=lambda task: (task.title, task.created_at, task.id), reverse=True)
    assert [found[each] for each in order.ids()] == expected
