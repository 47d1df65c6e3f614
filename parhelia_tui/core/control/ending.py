"""How a container's end becomes the end of its attempt and of its task."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from parhelia_tui.core.agents.registry import talk_of
from parhelia_tui.core.backends.base import ExitRecord
from parhelia_tui.core.control import approvals, deferral, renewal, replies, sandbox_cost
from parhelia_tui.core.control.review import Policy
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import (
    CONTAINER_ENDED,
    SESSION_ENDED,
    TASK_ENDED,
    ContainerState,
    Health,
    SessionState,
    TaskState,
)
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store import checkpoints, containers, events, sessions, tasks

__all__ = [
    "SESSION_ENDED",
    "container_died",
    "container_ended",
    "container_failed",
    "container_lost",
    "container_terminated",
    "container_without_room",
]

_LEVEL = {
    TaskState.COMPLETED: "info",
    TaskState.CANCELLED: "warning",
    TaskState.NEEDS_REVIEW: "warning",
    TaskState.FAILED: "error",
}


@dataclass(frozen=True, slots=True)
class _End:
    """What is known of an end.

    Args:
        paid_until: when its place stopped to cost money, where that was earlier.
        waits: there was no room for it, so its task waits for some.
        results: what it made is here, as far as it is known.
    """

    state: ContainerState
    why: str
    at: float
    exit_code: int | None = None
    last_line: str | None = None
    resumes: int | None = None
    policy: Policy | None = None
    moves: bool = False
    paid_until: float | None = None
    waits: bool = False
    results: bool = True


def container_ended(tx: sqlite3.Connection, container_id: str, record: ExitRecord, policy: Policy) -> None:
    """Store an end that the shim recorded; a second time nothing happens.

    Args:
        policy: says whether a person has to look at it.
    """
    failed = ("start_failed", "died")
    states = {"exited": ContainerState.STOPPED, **dict.fromkeys(failed, ContainerState.FAILED)}
    words = {
        "exited": "; ".join(filter(None, (f"exit code {record.exit_code}", record.detail))),
        "lifetime": record.detail or "its lifetime is over",
        "expired": record.detail or "the time of its sandbox is over",
        "start_failed": record.detail or "it could not be started",
    }
    said = [line.strip() for line in record.tail if line.strip()]
    container = containers.get(tx, container_id)
    _end(
        tx,
        container,
        _End(
            state=states.get(record.reason, ContainerState.TERMINATED),
            why=words.get(record.reason, record.detail or record.reason),
            at=record.at,
            exit_code=record.exit_code,
            last_line=one_line(said[-1]) if said else None,
            policy=policy,
            resumes=policy.resumes if _may_go_on(container, record) else None,
            results=record.has_results,
            moves=record.has_results and renewal.is_moving(container, record.reason),
        ),
        completed=record.reason == "exited" and record.exit_code == 0,
    )


def _may_go_on(container: Container, record: ExitRecord) -> bool:
    """Say whether its task may go on from its last checkpoint.

    It may where the container was not ended by its own work, nor because nobody wants it, and where what it made was
    to go on elsewhere and is not here.
    """
    if record.reason == "died" or (container.wanted == "recover" and record.reason == "terminated"):
        return True
    return not record.has_results and renewal.is_moving(container, record.reason)


def container_failed(
    tx: sqlite3.Connection,
    container_id: str,
    why: str,
    at: float | None = None,
    paid_until: float | None = None,
) -> None:
    """Store an end without an exit record: it could not be made."""
    end = _End(ContainerState.FAILED, why, time.time() if at is None else at, paid_until=paid_until)
    _end(tx, containers.get(tx, container_id), end, completed=False)


def container_without_room(tx: sqlite3.Connection, container_id: str, why: str, at: float) -> None:
    """Store that a provider had no room for it, so that it was not made; its task goes back to the queue."""
    container = containers.get(tx, container_id)
    end = _End(ContainerState.FAILED, why, at, paid_until=container.created_at, waits=True)
    _end(tx, container, end, completed=False)


def container_terminated(
    tx: sqlite3.Connection, container_id: str, why: str, at: float, paid_until: float
) -> None:
    """Store that we ended it, where it left no exit record: it had not begun, or did not answer."""
    end = _End(ContainerState.TERMINATED, why, at, paid_until=paid_until)
    _end(tx, containers.get(tx, container_id), end, completed=False)


def container_died(
    tx: sqlite3.Connection, container_id: str, why: str, at: float, resumes: int, paid_until: float
) -> None:
    """Store that its supervisor was killed, or had to be; its task may go on from its last checkpoint.

    Args:
        resumes: how often a task goes on by itself.
        paid_until: when its place stopped to cost money, at the latest.
    """
    container = containers.get(tx, container_id)
    end = _End(
        ContainerState.FAILED,
        why,
        at,
        resumes=resumes,
        paid_until=paid_until,
        results=container.backend == "local",
    )
    _end(tx, container, end, completed=False)


def container_lost(
    tx: sqlite3.Connection, container_id: str, why: str, resumes: int, paid_until: float
) -> None:
    """Store that the backend confirms: there is no such container any more."""
    container = containers.get(tx, container_id)
    end = _End(
        ContainerState.LOST,
        why,
        time.time(),
        resumes=resumes,
        paid_until=paid_until,
        results=container.backend == "local",
    )
    _end(tx, container, end, completed=False)


def _end(tx: sqlite3.Connection, container: Container, end: _End, *, completed: bool) -> None:
    if container.state in CONTAINER_ENDED:
        return
    sandbox_cost.book(
        tx,
        container,
        until=end.at if end.paid_until is None else min(end.at, end.paid_until),
        cpu_percent=container.cpu_percent,
        memory_bytes=container.memory_bytes,
    )
    containers.move(
        tx,
        container,
        end.state,
        exit_code=end.exit_code,
        reason=container.reason or end.why,
        finished_at=end.at,
        health=Health.UNKNOWN,
        step="",
        cpu_percent=None,
        memory_bytes=None,
        process_count=None,
    )
    if not end.waits or not _was_told(tx, container, f"container.{end.state}", end.why):
        events.append(
            tx,
            f"container.{end.state}",
            end.why,
            level=_level_of(end),
            task_id=container.task_id,
            container_id=container.id,
            data={"exit_code": end.exit_code},
        )
    for session in sessions.of_container(tx, container.id):
        if session.state not in SESSION_ENDED:
            code = end.exit_code if session.kind == "main" else None
            sessions.move(tx, session, SessionState.TERMINATED, finished_at=end.at, exit_code=code)
    replies.container_ended(tx, container.id, end.at)
    own = _worked_on(tx, container)
    # Without what it made there is nothing of its end to keep, and no talk in which the answer could be told.
    if own is not None and not completed and end.results and deferral.applies(tx, own, container):
        deferral.defer(tx, own, container, end.why, end.exit_code, end.at)
        return
    approvals.container_ended(tx, container.id, end.why, end.at)
    own = _worked_on(tx, container)
    if own is not None:
        _end_task(tx, own, container, end, completed=completed)


def _level_of(end: _End) -> str:
    if end.state in (ContainerState.STOPPED, ContainerState.TERMINATED):
        return "info"
    return "warning" if end.waits else "error"


def _worked_on(tx: sqlite3.Connection, container: Container) -> Task | None:
    """The task that a container works on, unless it has ended."""
    task = tasks.find(tx, container.task_id)
    return task if task and task.container_id == container.id and task.state not in TASK_ENDED else None


def _end_task(
    tx: sqlite3.Connection, task: Task, container: Container, end: _End, *, completed: bool
) -> None:
    # Work that was done before the wish to cancel counts as done.
    if completed and not _was_cancelled_before(tx, task, end.at):
        state, why = TaskState.COMPLETED, end.why
    elif task.wanted == "cancel":
        state, why = TaskState.CANCELLED, task.reason or end.why
    elif end.waits and container.wanted != "terminate":
        _wait_for_room(tx, task, container, end)
        return
    elif end.moves and container.wanted != "terminate" and talk_of(task.agent):
        renewal.go_on(tx, task, container, end.why, max(end.at, time.time()))
        return
    elif end.resumes is not None and container.wanted != "terminate" and has_way_back(tx, task):
        _recover(tx, task, container, end, end.resumes)
        return
    else:
        asked = container.reason if container.wanted == "terminate" else ""
        state, why = TaskState.FAILED, asked or end.why
    # What a person ended needs nobody to look at it.
    judged = container.wanted != "terminate" and state is not TaskState.CANCELLED
    review = end.policy.why(task, state) if end.policy is not None and judged else ""
    outcome, said = state, why
    if review:
        state, why = TaskState.NEEDS_REVIEW, f"{why}; to be reviewed: {review}"
    ended = tasks.move(
        tx,
        task,
        state,
        reason=why,
        question="",
        exit_code=end.exit_code,
        finished_at=end.at,
        # The last words of an agent that tells them are better than the last line of its screen.
        last_line=task.last_line if end.last_line is None or task.agent_source else end.last_line,
        **_agent_state(task, end, completed),
    )
    tasks.end_attempt(tx, task.id, container.attempt, outcome, said, end.exit_code, end.at)
    approvals.task_over(tx, task.id, f"its task has ended: {said}", end.at)
    events.append(
        tx,
        f"task.{state}",
        f"{ended.title}: {why}",
        level=_LEVEL[state],
        task_id=task.id,
        container_id=container.id,
        data={"exit_code": end.exit_code, "attempt": container.attempt, "review": review},
    )


def _was_cancelled_before(tx: sqlite3.Connection, task: Task, at: float) -> bool:
    """Say whether the wish to cancel a task is older than an end of its work."""
    if task.wanted != "cancel":
        return False
    told = events.find(tx, task_id=task.id, types=("task.cancel_requested",), limit=1)
    return bool(told) and told[-1].at < at


def _wait_for_room(tx: sqlite3.Connection, task: Task, container: Container, end: _End) -> None:
    tasks.end_attempt(tx, task.id, container.attempt, TaskState.FAILED, end.why, None, end.at)
    # Its files came back for this try; nothing but people works on them until the next.
    how = "keep" if task.resume_from else task.resume_workspace
    # It keeps its container, which is asked for again under the same id.
    tasks.move(tx, task, TaskState.PENDING, reason=end.why, question="", resume_workspace=how)
    said = f"{task.title}: {end.why}"
    if _was_told(tx, container, "task.held_back", said):
        return
    events.append(
        tx,
        "task.held_back",
        said,
        level="warning",
        task_id=task.id,
        container_id=container.id,
        at=end.at,
    )


def _was_told(tx: sqlite3.Connection, container: Container, kind: str, said: str) -> bool:
    """Say whether the newest event of a kind of a container says just this: it is asked for over and over."""
    newest = events.find(tx, container_id=container.id, types=(kind,), limit=1)
    return bool(newest) and newest[-1].message == said


def _agent_state(task: Task, end: _End, completed: bool) -> dict[str, str | float]:
    """What the end of its process says of an agent that told its states; it counts more than its last word."""
    if not task.agent_source or (task.agent_source == "process" and task.agent_state in ("done", "error")):
        return {}
    state = "done" if completed else "error"
    return {"agent_state": state, "agent_source": "process", "agent_tool": "", "agent_at": end.at}


def has_way_back(db: sqlite3.Connection, task: Task) -> bool:
    """Say whether a task can go on after its container's death: its agent has a talk, and there is a checkpoint."""
    return bool(talk_of(task.agent)) and checkpoints.newest(db, task.id) is not None


def _recover(tx: sqlite3.Connection, task: Task, container: Container, end: _End, resumes: int) -> None:
    """Send a task back to the queue with its last checkpoint, or to a person where that was done often enough."""
    last = checkpoints.newest(tx, task.id)
    assert last is not None
    tasks.end_attempt(tx, task.id, container.attempt, TaskState.FAILED, end.why, end.exit_code, end.at)
    if task.recoveries < resumes:
        tasks.move(
            tx,
            task,
            TaskState.PENDING,
            reason=f"goes on from {last.id}: {end.why}",
            question="",
            container_id=None,
            resume_from=last.id,
            resume_workspace="restore",
            recoveries=task.recoveries + 1,
        )
        kind, said = "task.recovering", f"{task.title}: {end.why}; it goes on from {last.id}"
    else:
        why = f"{end.why}; it went on by itself {task.recoveries} times already"
        tasks.move(tx, task, TaskState.NEEDS_REVIEW, reason=why, question="", finished_at=end.at)
        kind, said = "task.needs_review", f"{task.title}: {why}; its last checkpoint is {last.id}"
    events.append(
        tx,
        kind,
        said,
        level="error",
        task_id=task.id,
        container_id=container.id,
        data={"checkpoint_id": last.id, "attempt": container.attempt, "recoveries": task.recoveries},
    )
