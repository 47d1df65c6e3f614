"""Which checkpoints are due by themselves, and the wish for one."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.agents.registry import talk_of
from parhelia_tui.core.backends.local.run_directory import exit_of
from parhelia_tui.core.control import workspaces
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Checkpoint, Container, Task
from parhelia_tui.core.model.states import CheckpointState, ContainerState, Trigger
from parhelia_tui.core.store import checkpoints, containers, tasks
from parhelia_tui.core.store.connection import writing

LATELY_S = 3600.0
"""How far back the end of an attempt still gets its checkpoint, should no controller have been there."""


def want_due(context: Context) -> None:
    """Store the wish for every checkpoint that is due by itself."""
    now, config = context.clock(), context.config.checkpoints
    periodic_s = config.periodic_s
    due: list[tuple[Task, Container | None, Trigger]] = []
    if config.automatic != "none":
        for task in tasks.alive(context.db):
            if periodic_s and is_automatic(context, task) and _is_old(context, task, now - periodic_s):
                container = containers.find(context.db, task.container_id or "")
                if container is not None and container.state is ContainerState.RUNNING:
                    context.looked[task.id] = now
                    due.append((task, container, Trigger.PERIODIC))
        for task_id, container_id, state, by in _ended_without(context.db, now - LATELY_S):
            if config.automatic == "agents" and not talk_of(by):
                # Seen at every look for an hour, so its row is not even read.
                continue
            ended = tasks.find(context.db, task_id)
            trigger = Trigger.ERROR if state == "failed" else Trigger.END
            wanted = config.at_end if trigger is Trigger.END else config.on_error
            container = containers.find(context.db, container_id)
            if (
                ended is not None
                and wanted
                and is_automatic(context, ended)
                and _left_its_work(context, container)
            ):
                due.append((ended, container, trigger))
    if due:
        with writing(context.db) as tx:
            for task, container, trigger in due:
                want(context, tx, task, container, trigger)


def want(
    context: Context,
    tx: sqlite3.Connection,
    task: Task,
    container: Container | None,
    trigger: Trigger,
    checkpoint_id: str | None = None,
) -> Checkpoint:
    """Store the wish for a checkpoint of a task, or one that is taken at once under a given id."""
    return checkpoints.add(
        tx,
        checkpoint_id or new_id("cp"),
        task,
        container,
        trigger,
        context.clock(),
        workspace=str(workspaces.place(context.paths, task)),
    )


def is_automatic(context: Context, task: Task) -> bool:
    """Say whether checkpoints of a task come by themselves."""
    wanted = context.config.checkpoints.automatic
    return wanted == "all" or (wanted == "agents" and bool(talk_of(task.agent)))


def _left_its_work(context: Context, container: Container | None) -> bool:
    """Say whether what an ended container made is here; a checkpoint of what was here before would pass for its end."""
    if container is None or container.backend == "local":
        return True
    record = exit_of(context.paths.container(container.id))
    if record is not None:
        return record.has_results
    return container.state not in (ContainerState.LOST, ContainerState.FAILED)


def _is_old(context: Context, task: Task, before: float) -> bool:
    # One that found nothing new was not kept, so the store does not know of it.
    since = max(task.started_at or task.created_at, context.looked.get(task.id, 0.0))
    if since >= before:
        return False
    last = checkpoints.newest(context.db, task.id, tuple(CheckpointState))
    if last is None:
        return True
    return last.created_at < before and last.state not in (CheckpointState.PENDING, CheckpointState.CREATING)


def _ended_without(db: sqlite3.Connection, since: float) -> list[tuple[str, str, str, str]]:
    """Name attempts that ended lately and have no checkpoint of their end: task, container, state and agent."""
    found = db.execute(
        "SELECT a.task_id, a.container_id, a.state, tasks.agent"
        " FROM attempts AS a JOIN tasks ON tasks.id = a.task_id"
        " WHERE a.finished_at > ? AND a.state IN ('completed', 'failed', 'cancelled')"
        # One that never began has neither done anything nor a talk to go on with.
        " AND EXISTS (SELECT 1 FROM containers WHERE id = a.container_id AND started_at IS NOT NULL)"
        " AND NOT EXISTS"
        " (SELECT 1 FROM checkpoints AS c WHERE c.task_id = a.task_id AND c.attempt >= a.number"
        "  AND (c.attempt > a.number OR c.trigger IN ('end', 'error') OR c.created_at >= a.finished_at))",
        (since,),
    )
    return [(row[0], row[1], row[2], row[3]) for row in found]
