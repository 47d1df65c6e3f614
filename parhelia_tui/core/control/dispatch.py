"""From a pending task to a container that is to be created."""

from __future__ import annotations

import dataclasses
import sqlite3
import uuid
from collections.abc import Iterator

from parhelia_tui.core.agents.registry import leaves_notes, tells_states
from parhelia_tui.core.control import placing, renewal, spares, workspaces
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.creation import talk_before
from parhelia_tui.core.control.held_back import Money
from parhelia_tui.core.model.ids import fresh_id, session_name
from parhelia_tui.core.model.placement import Choice
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import checkpoints, containers, events, sessions, tasks
from parhelia_tui.core.store.connection import writing


def pick(context: Context) -> list[str]:
    """Give containers to the first tasks of the queue, as far as the limit of live containers allows.

    The container's id, its slot and its session are stored here, before the backend hears of them: whoever
    dies afterwards, the next controller finds the id and creates it, once.

    Returns:
        The ids of the containers that are to be created.
    """
    db = context.db
    if not tasks.queue(db, 1):
        return []
    # With the money gone, what would spend waits, and lets others past.
    money = Money(context)
    money.let_in_again()
    free = context.config.controller.max_containers - containers.count_live(db)
    if free <= 0:
        return []
    picked: list[str] = []
    with writing(db) as tx:
        where = placing.Placing(context)
        for task in _in_order(tx, free):
            if len(picked) >= free:
                break
            if money.holds_back(tx, task):
                continue
            choice = where.place(tx, task)
            container = _give_container(context, tx, task, choice) if choice is not None else None
            if container is not None:
                where.begun(container)
                picked.append(container.id)
    return picked


def _in_order(tx: sqlite3.Connection, first: int) -> Iterator[Task]:
    """Give the tasks of the queue, so many at first and then more, for who lets some of them wait."""
    given: set[str] = set()
    while True:
        found = tasks.queue(tx, first)
        yield from (task for task in found if task.id not in given)
        if len(found) < first:
            return
        given.update(task.id for task in found)
        first *= 4


def _give_container(context: Context, tx: sqlite3.Connection, task: Task, choice: Choice) -> Container | None:
    now = context.clock()
    workspace = str(workspaces.place(context.paths, task))
    slot = task.slot_wanted or containers.free_slot(tx, workspace)
    holder = containers.slot_holder(tx, workspace, slot)
    if holder is not None:
        why = (
            f"slot {slot} of this workspace is taken by container {holder}; go to it (parhelia attach {holder}),"
            f" end it (parhelia container terminate {holder}), or let a free slot be chosen"
        )
        tasks.move(tx, task, TaskState.FAILED, reason=why, finished_at=now)
        events.append(tx, "task.failed", why, level="error", task_id=task.id, at=now)
        return None
    wanted = renewal.with_rest(tx, dataclasses.replace(task, backend=choice.backend, limits=choice.limits))
    before = _refused_before(context, tx, wanted)
    if before is None:
        container = _store(tx, task, wanted, workspace, slot, now)
    else:
        container = containers.again(tx, before, slot=slot, at=now)
        tasks.again_attempt(tx, task.id, before.attempt, now, remembered=not leaves_notes(task.agent))
        context.scrubbed.discard(before.id)
        for session in sessions.of_container(tx, before.id):
            sessions.again(tx, session, now)
    tasks.move(
        tx,
        task,
        TaskState.DISPATCHING,
        attempt=container.attempt,
        container_id=container.id,
        started_at=now,
        reason="",
        placed_on=choice.backend if choice.why else "",
        placed_why=choice.why,
        agent_state="unknown" if tells_states(task.agent) else "",
        agent_source="",
        agent_tool="",
        agent_detail="",
        agent_at=None,
        agent_outcome="",
    )
    if before is None:
        _tell(tx, task, container, choice, now)
    return container


def _refused_before(context: Context, tx: sqlite3.Connection, task: Task) -> Container | None:
    """The container of a task for which there was no room, if the same is wanted still; None for a fresh one.

    Args:
        task: with the place and the limits that it is to have now.
    """
    # In the queue only what waits for room names a container.
    before = containers.find(tx, task.container_id) if task.container_id else None
    if before is None or before.started_at is not None:
        return None
    if (before.backend, before.limits) != (task.backend, task.limits):
        return None
    # What stayed here of the try before is no beginning, and somebody may be about to remove it.
    return None if context.paths.container(before.id).exists() else before


def _store(
    tx: sqlite3.Connection, task: Task, wanted: Task, workspace: str, slot: int, now: float
) -> Container:
    """Store the next attempt of a task, its container and its session.

    Args:
        wanted: the task with the place and the limits that the container is to have.
    """
    container_id = spares.take(tx, wanted, now) or fresh_id(
        "c", lambda each: containers.find(tx, each) is not None
    )
    attempt = tasks.add_attempt(
        tx, task, container_id, now, _conversation(tx, task), remembered=not leaves_notes(task.agent)
    )
    container = containers.add(
        tx, container_id, wanted, attempt=attempt, workspace=workspace, slot=slot, at=now
    )
    session_id = fresh_id("s", lambda each: sessions.find(tx, each) is not None)
    sessions.add(tx, session_id, session_name(task.slug, session_id), container, "main", task.agent, now)
    return container


def _tell(tx: sqlite3.Connection, task: Task, container: Container, choice: Choice, now: float) -> None:
    """Write down that an attempt begins, and where."""
    events.append(
        tx,
        "task.dispatching",
        f"attempt {container.attempt} in container {container.id}, slot {container.slot}",
        task_id=task.id,
        container_id=container.id,
        at=now,
    )
    if choice.why:
        placing.tell(tx, task, container, choice, now)
    if container.slot > 1 and task.workspace_mode == "shared":
        events.append(
            tx,
            "workspace.shared",
            f"{container.slot} containers work on {container.workspace} at the same time",
            level="warning",
            task_id=task.id,
            container_id=container.id,
            at=now,
        )


def _conversation(tx: sqlite3.Connection, task: Task) -> str:
    """The conversation of the next attempt: that of the checkpoint from which it goes on, else a new one.

    What goes on from another task's checkpoint begins a conversation of its own from a copy.
    """
    checkpoint = checkpoints.find(tx, task.resume_from) if task.resume_from else None
    own = checkpoint is not None and checkpoint.task_id == task.id
    return (talk_before(tx, task) if own else "") or str(uuid.uuid4())
