"""The fleet as the home screen holds it: the last snapshot with every change since."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from parhelia_tui.core.client import FleetChange, FleetSnapshot
from parhelia_tui.core.model.records import Container, Event, Heartbeat, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, TASK_ALIVE, ContainerState, Health, TaskState
from parhelia_tui.screens.task_order import TaskOrder, Value

BEATS_KEPT = 61
EVENTS_KEPT = 500
USUAL_BEAT_S = 10.0
ContainerValue = Callable[["FleetView", Container], Any]
IN_NEED = (TaskState.WAITING, TaskState.NEEDS_REVIEW)


class FleetView:
    """Records by id, and the orders in which they are shown. Of the containers only live ones are kept."""

    def __init__(self, first: FleetSnapshot) -> None:
        self.tasks: dict[str, Task] = {each.id: each for each in first.tasks}
        self.containers: dict[str, Container] = {}
        self.events: deque[Event] = deque(first.events, EVENTS_KEPT)
        self.beats: dict[str, deque[Heartbeat]] = {}
        self.totals = first.totals
        self.controller = first.controller
        self.waiting = first.waiting
        self.at = first.at
        self.filter = ""
        self.faults_only = False
        self._order = TaskOrder(first.tasks)
        self._container_order: tuple[ContainerValue | None, bool] = None, False
        self._container_ids: list[str] | None = None
        self._reading = True
        self._gone: set[str] = set()
        self._ended: set[str] = set()
        self.in_need = {each.id: each for each in first.tasks if _needs_somebody(each)}
        self.take_containers(first.containers)

    def apply(self, change: FleetChange) -> None:
        """Take over what changed."""
        for task in change.tasks:
            if task.trashed_at is not None:
                self.tasks.pop(task.id, None)
                self.in_need.pop(task.id, None)
                self._order.drop(task.id)
                self._gone.add(task.id)
                continue
            self._gone.discard(task.id)
            self.tasks[task.id] = task
            self._order.put(task)
            if _needs_somebody(task):
                self.in_need[task.id] = task
            else:
                self.in_need.pop(task.id, None)
        self.events.extend(change.events)
        self.take_beats(change.heartbeats)
        self.take_containers(change.containers)
        if self.faults_only:
            for each in change.containers:
                if each.task_id in self.tasks:
                    self._order.put(self.tasks[each.task_id])
        self.totals, self.controller, self.at = change.totals, change.controller, change.at
        self.waiting = change.waiting

    def hears_only_beats(self, change: FleetChange) -> bool:
        """Whether a change has only samples of containers that are as they were: with a hundred, ten come a second.

        Nothing but the containers themselves shows what they say.
        """
        said = change.tasks or change.events or change.sessions
        if said or (change.waiting, change.controller) != (self.waiting, self.controller):
            return False
        return all(_condition(each) == _condition(self.containers.get(each.id)) for each in change.containers)

    def take_older(self, tasks: Iterable[Task]) -> None:
        """Take in tasks of the past; what is known of one already is newer."""
        for task in tasks:
            if task.id not in self.tasks and task.id not in self._gone:
                self.tasks[task.id] = task
                self._order.put(task)

    def all_read(self) -> None:
        """No task is unread any more."""
        self._reading = False

    def take_older_containers(self, found: Iterable[Container]) -> None:
        """Take in live containers that were there before the first frame; what is known of one already is newer."""
        for each in found:
            if each.id not in self.containers and each.id not in self._ended:
                self.containers[each.id] = each
                self._container_ids = None

    def take_beats(self, beats: Iterable[Heartbeat]) -> None:
        """Remember heartbeats, in order, each once."""
        for beat in beats:
            known = self.beats.setdefault(beat.container_id, deque(maxlen=BEATS_KEPT))
            if not known or known[-1].seq < beat.seq:
                known.append(beat)

    def take_history(self, container_id: str, beats: Iterable[Heartbeat]) -> None:
        """Put the heartbeats of the past before those that came while they were read."""
        since = self.beats.pop(container_id, ())
        self.take_beats([*beats, *since])

    def take_containers(self, changed: Iterable[Container]) -> None:
        """Keep those that live, and forget those that have ended."""
        for each in changed:
            if (each.state in CONTAINER_LIVE) != (each.id in self.containers):
                self._container_ids = None
            if each.state in CONTAINER_LIVE:
                self.containers[each.id] = each
            else:
                self.containers.pop(each.id, None)
                self.beats.pop(each.id, None)
                self._ended.add(each.id)

    def set_filter(self, text: str) -> None:
        """Show the tasks that match; no text shows all."""
        self.filter = text
        self._order.filter(text, self.tasks)

    def keep_faults(self, *, on: bool) -> None:
        """Show only the tasks that something is wrong with, or all that fit the filter."""
        self.faults_only = on
        self._order.keep_only(self.is_faulty if on else None, self.tasks)

    def step_of(self, task: Task) -> str:
        """What the making of a task's container is at, or the way home of what it made, in words; empty for neither."""
        container = self.containers.get(task.container_id or "")
        return container.step if container else ""

    def is_faulty(self, task: Task) -> bool:
        """Whether a task failed, is held back, or is in a container that is not well."""
        container = self.containers.get(task.container_id or "")
        if container is not None:
            ill = container.health not in (Health.HEALTHY, Health.UNKNOWN)
            return ill or container.state is ContainerState.ORPHANED
        return task.state is TaskState.FAILED or (task.state is TaskState.PENDING and bool(task.reason))

    def keep_words(self) -> None:
        """Have what a filter needs of each task ready from now on, so that nobody waits for it."""
        self._order.keep_words(self.tasks)

    def sort_tasks(self, value: Value | None, *, from_end: bool) -> None:
        """Sort the tasks by a value, the largest first if `from_end`; None is the usual order."""
        self._order.sort(value, self.tasks, from_end=from_end)

    def sort_containers(self, value: ContainerValue | None, *, from_end: bool) -> None:
        """Sort the containers by a value, the largest first if `from_end`; None is the usual order."""
        self._container_order = value, from_end

    @property
    def known(self) -> int:
        """How many tasks there are, also while the older ones are still being read."""
        return max(len(self.tasks), self.unread)

    @property
    def unread(self) -> int:
        """How many tasks there are while some are still being read; none are when all are."""
        return sum(self.totals.by_state.values()) if self._reading else 0

    def task_keys(self) -> list[str]:
        """Ids of the tasks that match the filter, in the order of the screen; not to be changed."""
        return self._order.ids()

    def container_keys(self) -> list[str]:
        """Ids of the live containers, newest first where no other order was asked for; not to be changed."""
        if self._container_ids is None:
            live = sorted(self.containers.values(), key=lambda each: (-each.created_at, each.id))
            self._container_ids = [each.id for each in live]
        value, from_end = self._container_order
        if value is None:
            return self._container_ids
        held = self.containers
        return sorted(self._container_ids, key=lambda name: value(self, held[name]), reverse=from_end)

    def name_of(self, container: Container) -> str:
        """What a container works on, in short."""
        task = self.tasks.get(container.task_id)
        return task.slug if task else container.id

    def count(self, *states: TaskState) -> int:
        """How many tasks are in one of these states."""
        return sum(self.totals.by_state.get(state, 0) for state in states)

    @property
    def watched(self) -> bool:
        """Somebody reads what the containers say: a controller runs."""
        return self.controller.state == "running"

    @property
    def has_work(self) -> bool:
        """There is something for a controller to do."""
        return self.count(TaskState.PENDING, *TASK_ALIVE) > 0 or bool(self.containers)

    def beat_s(self, container_id: str) -> float:
        """Seconds between two heartbeats of a container, as they came."""
        beats = list(self.beats.get(container_id, ()))
        gaps = [late.at - early.at for early, late in pairwise(beats)]
        return max(0.1, min(gaps)) if gaps else USUAL_BEAT_S


def _condition(container: Container | None) -> object:
    return container and (container.state, container.health, container.wanted, container.step)


def _needs_somebody(task: Task) -> bool:
    # Of a group it is its parts that somebody answers or looks at.
    return task.state in IN_NEED and not task.is_group
