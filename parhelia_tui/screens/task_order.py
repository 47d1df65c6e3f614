"""The order of the tasks on the screen, kept while they change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import compress, repeat
from operator import contains
from typing import Any

from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens.filter_terms import Term, only_narrows, terms, words_of

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


class _Sorted:
    """Ids of tasks in the order of their places, and beside them the words of each once somebody looked for any.

    Args:
        place_of: the place of each of them, by which the order is kept.
    """

    def __init__(
        self, ids: list[str], place_of: Mapping[str, _Place], words: list[str] | None = None
    ) -> None:
        self.ids = ids
        self.words = words
        self._place_of = place_of

    def put(self, place: _Place, words: str) -> None:
        index = self._index(place)
        self.ids.insert(index, place[2])
        if self.words is not None:
            self.words.insert(index, words)

    def drop(self, place: _Place) -> None:
        index = self._index(place)
        if self.ids[index : index + 1] == [place[2]]:
            del self.ids[index]
            if self.words is not None:
                del self.words[index]

    def kept(self, fits: Sequence[bool]) -> _Sorted:
        """Those that fit. Their words are put beside them when somebody looks for more."""
        return _Sorted(list(compress(self.ids, fits)), self._place_of)

    def copy(self) -> _Sorted:
        """The same, to be changed apart."""
        words = None if self.words is None else self.words.copy()
        return _Sorted(self.ids.copy(), self._place_of, words)

    def _index(self, place: _Place) -> int:
        return bisect_left(self.ids, place, key=self._place_of.__getitem__)


class TaskOrder:
    """Ids of the tasks that match a filter, sorted.

    A change costs the logarithm of the fleet and a move of pointers, so that a large fleet is as quick as a
    small one. All tasks stay sorted while a filter stands, so that another filter only has to look at them.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._text = ""
        self._terms: list[Term] = []
        self._only: Callable[[Task], bool] | None = None
        self._value: Value = need
        self._from_end = False
        self._place_of: dict[str, _Place] = {}
        self._all = self._shown = _Sorted([], self._place_of)
        self._words: dict[str, str] = {}
        self._parts: set[str] = set()
        self._ids: list[str] | None = None
        self._fill({task.id: task for task in tasks})

    def filter(self, text: str, tasks: Mapping[str, Task]) -> None:
        """Keep the tasks that fit every term of a text."""
        narrower = only_narrows(self._text, text)
        held = {term.word for term in self._terms} if narrower else set()
        self._text, self._terms = text, terms(text)
        self._choose(self._shown if narrower else self._all, tasks, held)

    def keep_only(self, wanted: Callable[[Task], bool] | None, tasks: Mapping[str, Task]) -> None:
        """Keep what fits the filter and this besides; None keeps all that fits the filter."""
        self._only = wanted
        self._choose(self._all, tasks)

    def sort(self, value: Value | None, tasks: Mapping[str, Task], *, from_end: bool) -> None:
        """Sort by a value, the largest first if `from_end`; None sorts by who needs a person, then by age."""
        self._value, self._from_end = value or need, from_end
        self._fill(tasks)

    def keep_words(self, tasks: Mapping[str, Task]) -> None:
        """Have the words of every task from now on, before a filter asks for them.

        Those of a hundred thousand at once held up the first letter of a filter for 50 to 100 ms.
        """
        self._add_words(self._all, tasks)

    def put(self, task: Task) -> None:
        """Take in a task that is new or changed."""
        place, before = self._place(task), self._words.get(task.id)
        words = "" if before is None and self._all.words is None else words_of(task)
        plain = not self._terms and self._only is None
        if plain and self._place_of.get(task.id) == place and words == (before or ""):
            # Most changes: it stands where it stood.
            return
        self.drop(task.id)
        if words:
            self._words[task.id] = words
        self._place_of[task.id] = place
        if task.parent_id is not None:
            self._parts.add(task.id)
        if self._matches(task):
            self._take_back()
            if self._shown is not self._all:
                self._shown.put(place, self._words.get(task.id, ""))
        elif self._shown is self._all:
            self._all = self._all.copy()
        self._all.put(place, words)

    def drop(self, task_id: str) -> None:
        """Leave a task out."""
        self._words.pop(task_id, None)
        self._parts.discard(task_id)
        old = self._place_of.get(task_id)
        if old is not None:
            self._take_back()
            self._all.drop(old)
            if self._shown is not self._all:
                self._shown.drop(old)
            # Last: until then it holds a place in the order.
            del self._place_of[task_id]

    def ids(self) -> list[str]:
        """Give the ids in order; the caller does not change the list, which is the same until something else is."""
        if self._ids is None:
            self._ids = self._shown.ids[::-1] if self._from_end else self._shown.ids
        return self._ids

    def _take_back(self) -> None:
        """Change the ids that were given no more, but others."""
        if self._ids is self._shown.ids:
            self._shown.ids = self._shown.ids.copy()
        self._ids = None

    def _fill(self, tasks: Mapping[str, Task]) -> None:
        self._place_of = {name: self._place(task) for name, task in tasks.items()}
        self._parts = {name for name, task in tasks.items() if task.parent_id is not None}
        kept = self._all.words is not None
        self._all = _Sorted(sorted(self._place_of, key=self._place_of.__getitem__), self._place_of)
        if kept:
            self._add_words(self._all, tasks)
        self._choose(self._all, tasks)

    def _choose(self, among: _Sorted, tasks: Mapping[str, Task], held: Collection[str] = ()) -> None:
        """Choose what is shown among tasks, all of which have the words that are `held`."""
        left = among
        if not self._terms and self._only is None:
            if self._parts:
                left = among.kept([name not in self._parts for name in among.ids])
        elif self._terms:
            # Term by term over what is left: a call for each task would cost as much again.
            for term in self._terms:
                if not (term.word and term.word in held):
                    self._add_words(left, tasks)
                    left = _fitting(left, term, tasks)
        if self._only is not None:
            left = left.kept([self._only(tasks[name]) for name in left.ids])
        # All of them stay the very same until they are not: what is new is gone through in a search for garbage, and of
        # two lists of a hundred thousand that takes 10 ms.
        self._shown = left
        self._ids = None

    def _add_words(self, among: _Sorted, tasks: Mapping[str, Task]) -> None:
        """Put the words of each task beside its place."""
        if among.words is None:
            known = self._words
            if len(known) < len(self._place_of):
                for name in among.ids:
                    if name not in known:
                        known[name] = words_of(tasks[name])
            among.words = list(map(known.__getitem__, among.ids))

    def _matches(self, task: Task) -> bool:
        if self._only is not None and not self._only(task):
            return False
        if not self._terms:
            # The parts of a group are shown where they are asked for, as by Enter on the group.
            return self._only is not None or task.parent_id is None
        words = self._words.get(task.id)
        if words is None:
            words = self._words[task.id] = words_of(task)
        return all(term.holds(task, words) for term in self._terms)

    def _place(self, task: Task) -> _Place:
        # Of two that are alike the newer one is above the other, whichever end is read first.
        return self._value(task), task.created_at if self._from_end else -task.created_at, task.id


def _fitting(among: _Sorted, term: Term, tasks: Mapping[str, Task]) -> _Sorted:
    """Those that a term fits; where it fits all, as the first letters of a word often do, the very same."""
    words = among.words or []
    if term.word:
        fits = list(map(contains, words, repeat(term.word)))
    else:
        fits = [term.holds(tasks[name], said) for name, said in zip(among.ids, words, strict=True)]
    return among if all(fits) else among.kept(fits)


def need(task: Task) -> int:
    """How far a task is from needing a person: 0 waits for one, 3 has ended."""
    return _FIRST.get(task.state, 3)
