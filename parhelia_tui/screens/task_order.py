"""The order of the tasks on the screen, kept while they change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState

# What waits for a person stands first, then what works, then the queue; the ended follow by age.
_FIRST = {
    TaskState.WAITING: 0,
    TaskState.NEEDS_REVIEW: 0,
    TaskState.RUNNING: 1,
    TaskState.DISPATCHING: 1,
    TaskState.PENDING: 2,
}
_Place = tuple[int, float, str]


class TaskOrder:
    """Ids of the tasks that match a filter, sorted.

    A change costs the logarithm of the fleet and a move of pointers, so that a large fleet is as quick as a
    small one; only a new filter looks at every task.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._words: list[str] = []
        self._places: list[_Place] = []
        self._ids: list[str] = []
        self._place_of: dict[str, _Place] = {}
        self._fill(tasks)

    def filter(self, text: str, tasks: Iterable[Task]) -> None:
        """Keep the tasks that have every word of a text in title, id, slug, state or agent."""
        self._words = text.lower().split()
        self._fill(tasks)

    def put(self, task: Task) -> None:
        """Take in a task that is new or changed."""
        old = self._place_of.pop(task.id, None)
        if old is not None:
            index = bisect_left(self._places, old)
            del self._places[index], self._ids[index]
        if self._matches(task):
            place = _place(task)
            index = bisect_left(self._places, place)
            self._places.insert(index, place)
            self._ids.insert(index, task.id)
            self._place_of[task.id] = place

    def ids(self) -> list[str]:
        """Give the ids in order; the list is the caller's."""
        return self._ids.copy()

    def _fill(self, tasks: Iterable[Task]) -> None:
        self._place_of = {task.id: _place(task) for task in tasks if self._matches(task)}
        self._places = sorted(self._place_of.values())
        self._ids = [place[2] for place in self._places]

    def _matches(self, task: Task) -> bool:
        if not self._words:
            return True
        text = f"{task.title} {task.id} {task.slug} {task.state} {task.agent}".lower()
        return all(word in text for word in self._words)


def _place(task: Task) -> _Place:
    return _FIRST.get(task.state, 3), -task.created_at, task.id
