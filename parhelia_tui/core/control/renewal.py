"""Going on elsewhere before the place where a container runs is gone, without anybody asking."""

from __future__ import annotations

import dataclasses
import sqlite3

from parhelia_tui.core.agents.registry import talk_of
from parhelia_tui.core.backends.base import Deadline
from parhelia_tui.core.control import workspaces
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.display import length
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Checkpoint, Container, Task
from parhelia_tui.core.model.states import CheckpointState, ContainerState, TaskState, Trigger
from parhelia_tui.core.store import checkpoints, containers, events, tasks
from parhelia_tui.core.store.connection import writing

EVERY_S = 5.0
"""Seconds between two looks at what ends soon."""
MOVE = "renew"
"""What is wanted of a container whose work is to go on in another one."""
LEAST_S = 1.0


def look(context: Context) -> None:
    """Begin to move what can go on elsewhere, and tell of what cannot, once its time has come."""
    now = context.clock()
    for container in containers.live(context.db):
        if container.state is not ContainerState.RUNNING or container.wanted != "run":
            continue
        deadline = context.backend_of(container).deadline(container.id)
        if deadline is None or now < deadline.move_at:
            continue
        task = tasks.find(context.db, container.task_id)
        if task is None or task.container_id != container.id or task.wanted != "run":
            continue
        if talk_of(task.agent):
            _move(context, task, container, deadline)
        else:
            _tell_once(context, container, deadline)


def _move(context: Context, task: Task, container: Container, deadline: Deadline) -> None:
    """Have a checkpoint taken, and end the container once there is one: the sandbox may be lost on the way."""
    taken = _checkpoint(context, container)
    now = context.clock()
    if taken is None:
        with writing(context.db) as tx:
            _want_checkpoint(tx, task, container, now, str(workspaces.place(context.paths, task)))
            _tell(
                tx,
                container,
                "container.renewing",
                f"its sandbox ends in {length(deadline.ends_at - now)}: its work is kept, and goes on in another",
                now,
            )
        return
    unfinished = taken.state in (CheckpointState.PENDING, CheckpointState.CREATING)
    if unfinished and now < (deadline.move_at + deadline.ends_at) / 2:
        return
    with writing(context.db) as tx:
        current = containers.get(tx, container.id)
        if current.wanted == "run" and current.state is ContainerState.RUNNING:
            containers.update(tx, current, wanted=MOVE, reason="its work goes on in another sandbox")


def _checkpoint(context: Context, container: Container) -> Checkpoint | None:
    """The checkpoint that was wanted before a container moves, as far as it is."""
    known = checkpoints.listed(context.db, task_id=container.task_id)
    mine = [each for each in known if each.container_id == container.id and each.trigger is Trigger.RENEWAL]
    return mine[0] if mine else None


def _tell_once(context: Context, container: Container, deadline: Deadline) -> None:
    kind = "container.ends_soon"
    if not events.find(context.db, container_id=container.id, types=(kind,), limit=1):
        left = length(deadline.ends_at - context.clock())
        tell(
            context,
            container,
            kind,
            f"its sandbox ends in {left}, and a command cannot go on in another; what it has made by then is fetched",
            level="warning",
        )


def is_moving(container: Container, reason: str) -> bool:
    """Say whether a container was ended so that its work goes on in another one.

    Args:
        reason: of its exit record; `expired` where its sandbox ended it while no controller was there.
    """
    return reason == "expired" or (container.wanted == MOVE and reason == "terminated")


def go_on(tx: sqlite3.Connection, task: Task, container: Container, why: str, at: float) -> None:
    """Send a task back to the queue, to go on from what its container has left.

    The checkpoint is of the very end; who creates the next container waits for it.
    """
    made = _want_checkpoint(tx, task, container, at, container.workspace)
    containers.update(tx, containers.get(tx, container.id), wanted=MOVE)
    tasks.end_attempt(tx, task.id, container.attempt, TaskState.CANCELLED, why, None, at)
    tasks.move(
        tx,
        task,
        TaskState.PENDING,
        reason="goes on in another sandbox",
        question="",
        container_id=None,
        resume_from=made.id,
        resume_workspace="keep",
    )
    _tell(
        tx,
        container,
        "task.renewed",
        f"{task.title}: goes on in another sandbox",
        at,
        checkpoint_id=made.id,
        attempt=container.attempt,
    )


def _want_checkpoint(
    tx: sqlite3.Connection, task: Task, container: Container, at: float, workspace: str
) -> Checkpoint:
    return checkpoints.add(tx, new_id("cp"), task, container, Trigger.RENEWAL, at, workspace=workspace)


def forerunner(db: sqlite3.Connection, task: Task, attempt: int) -> Container | None:
    """The container whose work the next one of a task goes on with, because its place was nearly gone.

    Args:
        attempt: the number of that earlier attempt.
    """
    checkpoint = checkpoints.find(db, task.resume_from) if task.resume_from else None
    if checkpoint is None or checkpoint.trigger is not Trigger.RENEWAL or checkpoint.attempt > attempt:
        return None
    # Those between could not be made, as where there was no room for them.
    between = [
        each for each in containers.of_task(db, task.id) if checkpoint.attempt < each.attempt <= attempt
    ]
    if any(each.started_at for each in between):
        return None
    found = containers.find(db, checkpoint.container_id) if checkpoint.container_id else None
    return found if found is not None and found.wanted == MOVE and found.task_id == task.id else None


def with_rest(db: sqlite3.Connection, task: Task) -> Task:
    """Give a task with what is left of its lifetime, which the sandboxes of its work share."""
    earlier = forerunner(db, task, task.attempt)
    if earlier is None or earlier.limits.lifetime_s is None:
        return task
    began = earlier.started_at or earlier.created_at
    lasted = (earlier.finished_at or began) - began
    rest = max(LEAST_S, earlier.limits.lifetime_s - lasted)
    return dataclasses.replace(task, limits=dataclasses.replace(task.limits, lifetime_s=rest))


def _tell(
    tx: sqlite3.Connection, container: Container, kind: str, said: str, at: float, **data: object
) -> None:
    events.append(
        tx,
        kind,
        said,
        level="warning",
        task_id=container.task_id,
        container_id=container.id,
        data=data,
        at=at,
    )
