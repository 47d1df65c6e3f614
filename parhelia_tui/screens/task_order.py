"""The order of the tasks on the screen, kept while they change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens.filter_terms import Holds, only_narrows, terms, words_of

# What waits for a person stands first, then what works, then the queue; the ended follow by age.
_FIRST = {
    TaskState.WAITING: 0,
    TaskState.NEEDS_REVIEW: 0,
    TaskState.RUNNING: 1,
    TaskState.DISPATCHING: 1,
    TaskState.PENDING: 2,
}
Value = Callable[[Task], Any]
"""What tasks are sorted by: of one kind for all of them, and nothing that changes while a task does not."""
_Place = tuple[Any, float, str]


class TaskOrder:
    """Ids of the tasks that match a filter, sorted.

    A change costs the logarithm of the fleet and a move of pointers, so that a large fleet is as quick as a
    small one; only a new filter or another order looks at every task.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._text = ""
        self._terms: list[Holds] = []
        self._only: Callable[[Task], bool] | None = None
        self._value: Value = need
        self._from_end = False
        self._places: list[_Place] = []
        self._ids: list[str] = []
        self._place_of: dict[str, _Place] = {}
        self._words: dict[str, str] = {}
        self._fill(tasks)

    def filter(self, text: str, tasks: dict[str, Task]) -> None:
        """Keep the tasks that fit every term of a text."""
        narrower = only_narrows(self._text, text)
        self._text, self._terms = text, terms(text)
        self._fill([tasks[name] for name in self._ids] if narrower else tasks.values())

    def keep_only(self, wanted: Callable[[Task], bool] | None, tasks: Iterable[Task]) -> None:
        """Keep what fits the filter and this besides; None keeps all that fits the filter."""
        self._only = wanted
        self._fill(tasks)

    def sort(self, value: Value | None, tasks: Iterable[Task], *, from_end: bool) -> None:
        """Sort by a value, the largest first if `from_end`; None sorts by who needs a person, then by age."""
        self._value, self._from_end = value or need, from_end
        self._fill(tasks)

    def put(self, task: Task) -> None:
        """Take in a task that is new or changed."""
        self._words.pop(task.id, None)
        self.drop(task.id)
        if self._matches(task):
            place = self._place(task)
            index = bisect_left(self._places, place)
            self._places.insert(index, place)
            self._ids.insert(index, task.id)
            self._place_of[task.id] = place

    def drop(self, task_id: str) -> None:
        """Leave a task out."""
        old = self._place_of.pop(task_id, None)
        if old is not None:
            index = bisect_left(self._places, old)
            del self._places[index], self._ids[index]

    def ids(self) -> list[str]:
        """Give the ids in order; the list is the caller's."""
        return self._ids[::-1] if self._from_end else self._ids.copy()

    def _fill(self, tasks: Iterable[Task]) -> None:
        self._place_of = {task.id: self._place(task) for task in tasks if self._matches(task)}
        self._places = sorted(self._place_of.values())
        self._ids = [place[2] for place in self._places]

    def _matches(self, task: Task) -> bool:
        if self._only is not None and not self._only(task):
            return False
        if not self._terms:
            # The parts of a group are shown where they are asked for, as by Enter on the group.
            return task.parent_id is None
        # Made once: of a large fleet, making them takes ten times as long as looking into them.
        words = self._words.get(task.id)
        if words is None:
            words = self._words[task.id] = words_of(task)
        return all(holds(task, words) for holds in self._terms)

    def _place(self, task: Task) -> _Place:
        # Of two that are alike the newer one is above the other, whichever end is read first.
        return self._value(task), task.created_at if self._from_end else -task.created_at, task.id


def need(task: Task) -> int:
    """How far a task is from needing a person: 0 waits for one, 3 has ended."""
    return _FIRST.get(task.state, 3)
