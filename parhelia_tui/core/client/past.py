"""The fleet at any moment that is over, put together from events, heartbeats, attempts and the ledger.

What a row says now is taken only where it cannot have changed since: title, agent, workspace. States, containers and
costs are those of the moment. Heartbeats are kept for a day and events as long as `[retention]` says, so further back
less is known; the state of a task without events follows from the times in its row.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from parhelia_tui.core.client.fleet import (
    EVENTS_SHOWN,
    HOURS_SHOWN,
    ControllerStatus,
    FleetSnapshot,
    Totals,
)
from parhelia_tui.core.model.asking import question_of
from parhelia_tui.core.model.records import Approval, Container, Heartbeat, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, ContainerState, Health, TaskState
from parhelia_tui.core.store import ledger
from parhelia_tui.core.store import past as store
from parhelia_tui.core.store.changes import current_rev

BEATS = 61
_TASK_STATES = {f"task.{each}": each for each in TaskState} | {
    "task.created": TaskState.PENDING,
    "task.retried": TaskState.PENDING,
    "task.resume_requested": TaskState.PENDING,
    "task.accepted": TaskState.COMPLETED,
    "task.rejected": TaskState.FAILED,
}
_CONTAINER_STATES = {f"container.{each}": each for each in ContainerState} | {
    "container.started": ContainerState.RUNNING,
    "container.returned": ContainerState.RUNNING,
    "container.orphan_found": ContainerState.ORPHANED,
}
_HEALTH = {f"container.{each}": each for each in Health} | {"container.recovered": Health.HEALTHY}
_ENDED = frozenset({TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED, TaskState.NEEDS_REVIEW})


@dataclass(frozen=True, slots=True)
class Past:
    """The fleet at one moment that is over.

    Args:
        fleet: as a snapshot of that moment would have been.
        beats: the heartbeats of its live containers up to then, oldest first.
        first, last: times of the first and of the last event that is known; epoch seconds.
    """

    fleet: FleetSnapshot
    beats: dict[str, tuple[Heartbeat, ...]]
    first: float
    last: float


@dataclass(slots=True)
class _Told:
    """What the events up to the moment say of one task or container.

    Args:
        since: when it came to its state; `begun`: when it ran first in its newest attempt.
    """

    state: str = ""
    since: float = 0.0
    message: str = ""
    begun: float | None = None
    health: Health | None = None


def past(db: sqlite3.Connection, at: float) -> Past:
    """Put the fleet of a moment together; the caller has opened a reading transaction.

    Args:
        at: epoch seconds.
    """
    told, controller = _told(db, at)
    waiting = tuple(store.waiting(db, at))
    _ask(told, waiting, store.settled(db, at))
    beats: dict[str, tuple[Heartbeat, ...]] = {}
    known: list[Container] = []
    for container in store.containers(db, at):
        then = _container(container, told.get(container.id, _Told()), at)
        if then.state in CONTAINER_LIVE:
            beats[then.id] = tuple(store.last_beats(db, then.id, at, BEATS))
            then = _with_beats(then, beats[then.id])
        known.append(then)
    attempts, costs = store.attempts(db, at), store.costs(db, at)
    tasks = tuple(
        _task(task, told.get(task.id, _Told()), attempts.get(task.id), costs.get(task.id), at)
        for task in store.tasks(db, at)
    )
    events = store.events(db, at, EVENTS_SHOWN)
    first, last = store.bounds(db) or (at, at)
    fleet = FleetSnapshot(
        rev=current_rev(db),
        at=at,
        tasks=tasks,
        containers=tuple(known),
        sessions=tuple(store.sessions(db, at)),
        events=tuple(events),
        totals=_totals(db, tasks, at),
        controller=controller,
        waiting=waiting,
    )
    return Past(fleet, beats, first, last)


def _told(db: sqlite3.Connection, at: float) -> tuple[dict[str, _Told], ControllerStatus]:
    """Go through the events that tell of states, in order."""
    told: dict[str, _Told] = {}
    since: float | None = None
    for when, type, task_id, container_id, message in store.signs(db, at):
        if type.startswith("controller."):
            since = when if type == "controller.started" else None
        elif type.startswith("container.") and container_id is not None:
            about = told.setdefault(container_id, _Told())
            if type in _HEALTH:
                about.health = _HEALTH[type]
            elif type in _CONTAINER_STATES:
                about.state, about.since, about.message = _CONTAINER_STATES[type], when, message
        elif type in _TASK_STATES and task_id is not None:
            about, state = told.setdefault(task_id, _Told()), _TASK_STATES[type]
            if state is TaskState.PENDING:
                about.begun = None
            elif state is TaskState.RUNNING and about.begun is None:
                about.begun = when
            about.state, about.since, about.message = state, when, message
    return told, ControllerStatus(
        "absent" if since is None else "running", None, since, "local", "bubblewrap"
    )


def _ask(told: dict[str, _Told], waiting: tuple[Approval, ...], settled: dict[str, float]) -> None:
    """Have tasks wait while a question of theirs does, and go on behind the last one: no event of a task says so."""
    asked: dict[str, Approval] = {}
    for each in waiting:
        asked.setdefault(each.task_id, each)
    for task_id, each in asked.items():
        about = told.get(task_id)
        if about is not None and about.state == TaskState.RUNNING:
            about.state, about.since = TaskState.WAITING, each.created_at
            about.message = question_of(each.kind, each.tool, each.input, each.message)
    for task_id, over_at in settled.items():
        about = told.get(task_id)
        if about and about.state == TaskState.WAITING and task_id not in asked and over_at > about.since:
            about.state, about.since, about.message = TaskState.RUNNING, over_at, ""


def _container(container: Container, told: _Told, at: float) -> Container:
    """A container as it was."""
    ended = container.finished_at is not None and container.finished_at <= at
    begun = container.started_at is not None and container.started_at <= at
    if ended:
        state = container.state
    elif told.state:
        state = ContainerState(told.state)
    else:
        state = ContainerState.RUNNING if begun else ContainerState.CREATING
    return replace(
        container,
        state=state,
        wanted="run",
        health=told.health or Health.UNKNOWN,
        reason=container.reason if ended else "",
        exit_code=container.exit_code if ended else None,
        started_at=container.started_at if begun else None,
        finished_at=container.finished_at if ended else None,
        last_heartbeat_at=None,
        cpu_percent=None,
        memory_bytes=None,
        pids=None,
    )


def _with_beats(container: Container, beats: tuple[Heartbeat, ...]) -> Container:
    if not beats:
        return container
    last = beats[-1]
    known = container.health is not Health.UNKNOWN
    return replace(
        container,
        health=container.health if known else Health.HEALTHY,
        last_heartbeat_at=last.at,
        cpu_percent=last.cpu_percent,
        memory_bytes=last.memory_bytes,
        pids=last.pids,
    )


def _task(
    task: Task, told: _Told, attempt: tuple[int, str, float] | None, cost: store.Spent | None, at: float
) -> Task:
    """A task as it was."""
    state = TaskState(told.state) if told.state else _by_times(task, at)
    ended = state in _ENDED
    begun = told.begun or (task.started_at if task.started_at and task.started_at <= at else None)
    if state in (TaskState.PENDING, TaskState.DISPATCHING):
        begun = None
    finished = task.finished_at if task.finished_at and task.finished_at <= at else told.since or None
    return replace(
        task,
        state=state,
        wanted="run",
        reason=told.message if ended else "",
        question=told.message.removeprefix("asks: ") if state is TaskState.WAITING else "",
        last_line="",
        attempt=attempt[0] if attempt else 0,
        container_id=attempt[1] if attempt else None,
        exit_code=task.exit_code if ended and task.finished_at == finished else None,
        input_tokens=cost.input_tokens if cost else 0,
        output_tokens=cost.output_tokens if cost else 0,
        cost_usd=cost.usd if cost else None,
        started_at=begun,
        finished_at=finished if ended else None,
        # What an agent said of itself is not kept for each moment.
        agent_state="",
        agent_source="",
        agent_tool="",
        agent_detail="",
        agent_at=None,
        agent_outcome="",
        turns=0,
        seen_input_tokens=0,
        seen_output_tokens=0,
    )


def _by_times(task: Task, at: float) -> TaskState:
    """The state of a task whose events are kept no more, or never were."""
    if task.finished_at is not None and task.finished_at <= at:
        return task.state if task.state in _ENDED else TaskState.PENDING
    return TaskState.RUNNING if task.started_at is not None and task.started_at <= at else TaskState.PENDING


def _totals(db: sqlite3.Connection, tasks: tuple[Task, ...], at: float) -> Totals:
    midnight = datetime.fromtimestamp(at).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    today, ever = ledger.spent(db, from_at=midnight, to_at=at), ledger.spent(db, to_at=at)
    return Totals(
        by_state=dict(Counter(task.state for task in tasks)),
        spent_today_usd=today.usd,
        spent_total_usd=ever.usd,
        unknown_cost_entries=today.unknown,
        input_tokens=ever.input_tokens,
        output_tokens=ever.output_tokens,
        burn_usd_per_hour=ledger.spent(db, from_at=at - 3600, to_at=at).usd,
        hours=tuple(ledger.by_hour(db, at, HOURS_SHOWN)),
        worth_today_usd=today.worth_usd,
        worth_total_usd=ever.worth_usd,
    )
