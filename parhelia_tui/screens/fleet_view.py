"""The fleet as the home screen holds it: the last snapshot with every change since."""

from __future__ import annotations

from collections import deque

from parhelia_tui.core.client import FleetChange, FleetSnapshot
from parhelia_tui.core.model.records import Container, Event, Heartbeat, Session, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, TaskState

BEATS_KEPT = 60
EVENTS_KEPT = 500
# What waits for a person stands first, then what works, then the queue; the ended follow by age.
_FIRST = {
    TaskState.WAITING: 0,
    TaskState.NEEDS_REVIEW: 0,
    TaskState.RUNNING: 1,
    TaskState.DISPATCHING: 1,
    TaskState.PENDING: 2,
}


class FleetView:
    """Records by id, and the orders in which they are shown."""

    def __init__(self, first: FleetSnapshot) -> None:
        self.tasks: dict[str, Task] = {each.id: each for each in first.tasks}
        self.containers: dict[str, Container] = {each.id: each for each in first.containers}
        self.sessions: dict[str, Session] = {each.id: each for each in first.sessions}
        self.events: deque[Event] = deque(first.events, EVENTS_KEPT)
        self.beats: dict[str, deque[Heartbeat]] = {}
        self.totals = first.totals
        self.controller = first.controller
        self.at = first.at

    def apply(self, change: FleetChange) -> None:
        """Take over what changed."""
        self.tasks.update((each.id, each) for each in change.tasks)
        self.containers.update((each.id, each) for each in change.containers)
        self.sessions.update((each.id, each) for each in change.sessions)
        self.events.extend(change.events)
        self.take_beats(change.heartbeats)
        self.totals, self.controller, self.at = change.totals, change.controller, change.at

    def take_beats(self, beats: tuple[Heartbeat, ...]) -> None:
        """Remember heartbeats, in order, each once."""
        for beat in beats:
            known = self.beats.setdefault(beat.container_id, deque(maxlen=BEATS_KEPT))
            if not known or known[-1].seq < beat.seq:
                known.append(beat)

    def task_keys(self, words: str) -> list[str]:
        """Ids of the tasks that match every word, in the order of the screen."""
        wanted = words.lower().split()
        found = [task for task in self.tasks.values() if _matches(task, wanted)]
        found.sort(key=lambda task: (_FIRST.get(task.state, 3), -task.created_at, task.id))
        return [task.id for task in found]

    def container_keys(self) -> list[str]:
        """Ids of the live containers, newest first."""
        live = [each for each in self.containers.values() if each.state in CONTAINER_LIVE]
        live.sort(key=lambda each: (-each.created_at, each.id))
        return [each.id for each in live]

    def slug_of(self, container: Container) -> str:
        """What a container works on, in short."""
        task = self.tasks.get(container.task_id)
        return task.slug if task else container.id


def _matches(task: Task, words: list[str]) -> bool:
    if not words:
        return True
    text = f"{task.id} {task.title} {task.state} {task.agent} {task.slug}".lower()
    return all(word in text for word in words)
