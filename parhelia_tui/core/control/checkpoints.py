"""Taking the checkpoints that are wanted, and wanting those that nobody has to ask for."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parhelia_tui.core.agents.registry import agent, talk_of
from parhelia_tui.core.control import workspaces
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Checkpoint, Container, Task
from parhelia_tui.core.model.states import CheckpointState, ContainerState, Trigger
from parhelia_tui.core.store import checkpoints, containers, events, tasks
from parhelia_tui.core.store.connection import writing, writing_durably

LATELY_S = 3600.0
"""How far back the end of an attempt still gets its checkpoint, should no controller have been there."""
DROPPED_WHEN_SAME = (Trigger.PERIODIC, Trigger.DETACH, Trigger.RISKY)
RISKY_AGAIN_S = 1.0
"""A checkpoint of this age is good enough before a risky step: an agent may call every step so."""


def want_due(context: Context) -> None:
    """Store the wish for every checkpoint that is due by itself."""
    now, config = context.clock(), context.config.checkpoints
    periodic_s = config.periodic_s
    due: list[tuple[Task, Container | None, Trigger]] = []
    if config.automatic != "none":
        for task in tasks.alive(context.db):
            if periodic_s and _is_automatic(context, task) and _is_old(context, task, now - periodic_s):
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
            if ended is not None and wanted and _is_automatic(context, ended):
                due.append((ended, containers.find(context.db, container_id), trigger))
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


def _is_automatic(context: Context, task: Task) -> bool:
    wanted = context.config.checkpoints.automatic
    return wanted == "all" or (wanted == "agents" and bool(talk_of(task.agent)))


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


def subject(
    context: Context, task: Task, container: Container | None, previous: Sequence[str]
) -> dict[str, Any]:
    """Say to a worker what a checkpoint is of.

    Args:
        container: where the talk lies; it is held still if it runs.
        previous: trees of workspace and talk to compare with.
    """
    talk = talk_of(task.agent)
    running = container is not None and container.state is ContainerState.RUNNING
    address = context.backend_of(container).supervisor(container.id) if container and running else None
    home = context.paths.container(container.id) / "home" if container is not None else None
    return {
        "workspace": str(workspaces.place(context.paths, task)),
        "home": str(home) if home is not None else None,
        "talk": talk,
        "supervisor": str(address) if address is not None else None,
        "previous": previous[0],
        "previous_conversation": previous[1],
        "ignore": list(context.config.checkpoints.ignore),
    }


async def take(context: Context, checkpoint_id: str) -> None:
    """Take a checkpoint that is wanted; safe to repeat, whatever was killed before."""
    wanted = checkpoints.find(context.db, checkpoint_id)
    task = tasks.find(context.db, wanted.task_id) if wanted else None
    if wanted is None or wanted.state not in (CheckpointState.PENDING, CheckpointState.CREATING):
        return
    if task is None:
        fail(context, checkpoint_id, "its task is not known any more")
        return
    container = containers.find(context.db, wanted.container_id) if wanted.container_id else None
    try:
        await _take(context, wanted, task, container)
    finally:
        if wanted.trigger is Trigger.RISKY and container is not None:
            await context.backend_of(container).tell_kept(container.id)


async def _take(context: Context, wanted: Checkpoint, task: Task, container: Container | None) -> None:
    if not _is_worth(context, wanted, task):
        with writing(context.db) as tx:
            checkpoints.remove(tx, wanted.id)
        return
    if wanted.state is CheckpointState.PENDING:
        with writing(context.db) as tx:
            checkpoints.move(tx, wanted, CheckpointState.CREATING)
    # Not the one that was newest when this was wanted: several may be taken one after the other.
    parent = checkpoints.newest(context.db, task.id)
    previous = (parent.tree, parent.conversation) if parent else ("", "")
    if container is not None and container.state is ContainerState.RUNNING:
        try:
            await context.backend_of(container).bring_home(container.id)
        except ParheliaError as error:
            fail(context, wanted.id, f"{error.code}: {error.message}")
            return
    job = {
        "op": "take",
        "root": str(context.paths.checkpoints),
        "subject": subject(context, task, container, previous),
    }
    try:
        found = await context.workers.work(job, _Teller(context, wanted.id))
    except ParheliaError as error:
        fail(context, wanted.id, f"{error.code}: {error.message}")
        return
    same = parent is not None and (parent.tree, parent.conversation) == (found["tree"], found["conversation"])
    if same and wanted.trigger in DROPPED_WHEN_SAME:
        with writing(context.db) as tx:
            checkpoints.remove(tx, wanted.id)
        return
    with writing_durably(context.db) as tx:
        record(context, tx, wanted.id, parent, found)


def _is_worth(context: Context, wanted: Checkpoint, task: Task) -> bool:
    """Say whether one that nobody asked for by hand is wanted by the configuration, and not just taken."""
    config = context.config.checkpoints
    if wanted.trigger is Trigger.DETACH:
        return config.on_detach and _is_automatic(context, task)
    if wanted.trigger is Trigger.RISKY:
        last = checkpoints.newest(context.db, task.id)
        fresh = last is not None and context.clock() - last.created_at < RISKY_AGAIN_S
        return config.before_risk and config.automatic != "none" and not fresh
    return True


def record(
    context: Context,
    tx: sqlite3.Connection,
    checkpoint_id: str,
    parent: Checkpoint | None,
    found: dict[str, Any],
) -> Checkpoint:
    """Store what a worker took, compared with `parent`, and tell of it."""
    current = checkpoints.get(tx, checkpoint_id)
    if current.state is CheckpointState.PENDING:
        current = checkpoints.move(tx, current, CheckpointState.CREATING)
    task = tasks.find(tx, current.task_id)
    environment = {**found["environment"], **(_about(task) if task else {})}
    done = checkpoints.finish(
        tx,
        current,
        {**found, "environment": environment},
        parent.id if parent else None,
        context.clock(),
    )
    events.append(
        tx,
        "checkpoint.created",
        f"{done.id} ({done.trigger}): {done.files} files, {done.changed_files} changed",
        level="warning" if done.skipped else "info",
        task_id=done.task_id,
        container_id=done.container_id,
        data={
            "checkpoint_id": done.id,
            "added_bytes": done.added_bytes,
            "pause_s": done.pause_s,
            "took_s": done.took_s,
            "skipped": list(done.skipped),
        },
        at=context.clock(),
    )
    return done


def _about(task: Task) -> dict[str, str]:
    try:
        described = agent(task.agent).describe(task)
    except ParheliaError:
        # An agent that is not configured any more; what it made is kept all the same.
        described = {}
    return {"agent": task.agent, **described}


def fail(context: Context, checkpoint_id: str, why: str) -> None:
    """Store that a checkpoint could not be taken; one that is ready stays so."""
    with writing(context.db) as tx:
        current = checkpoints.get(tx, checkpoint_id)
        if current.state is CheckpointState.PENDING or current.state is CheckpointState.CREATING:
            checkpoints.move(tx, current, CheckpointState.FAILED, reason=why, finished_at=context.clock())
            events.append(
                tx,
                "checkpoint.failed",
                f"{checkpoint_id} ({current.trigger}): {why}",
                level="error",
                task_id=current.task_id,
                container_id=current.container_id,
                data={"checkpoint_id": checkpoint_id},
                at=context.clock(),
            )


class _Teller:
    """Writes how far a checkpoint is where every screen sees it."""

    def __init__(self, context: Context, checkpoint_id: str) -> None:
        self._context = context
        self._checkpoint_id = checkpoint_id

    def __call__(self, stage: str, done: int, total: int) -> None:
        said = f"{stage}, {done:,} of {total:,}" if total else f"{stage}, {done:,}"
        with writing(self._context.db) as tx:
            current = checkpoints.find(tx, self._checkpoint_id)
            if current is not None and current.state is CheckpointState.CREATING:
                checkpoints.tell(tx, current, said)


def journal(context: Context, task_id: str) -> Path:
    """Say where the journal of a rollback of a task's workspace lies."""
    return context.paths.checkpoints / "journals" / task_id


async def finish_rollbacks(context: Context) -> None:
    """Finish or undo every rollback that was killed in its middle and that nobody will repeat."""
    place = context.paths.checkpoints / "journals"
    for name in sorted(each.name for each in place.iterdir()) if place.is_dir() else ():
        task = tasks.find(context.db, name)
        where = str(workspaces.place(context.paths, task)) if task else ""
        if task is None or where in context.rolling:
            continue
        context.rolling.add(where)
        try:
            job = {
                "op": "recover",
                "root": str(context.paths.checkpoints),
                "workspace": where,
                "journal": str(place / name),
            }
            done = await context.workers.work(job, lambda stage, done, total: None)
        finally:
            context.rolling.discard(where)
        with writing(context.db) as tx:
            events.append(
                tx,
                "workspace.recovered",
                f"a rollback that was interrupted is {done['recovery'].lower()} now",
                level="warning",
                task_id=task.id,
                at=context.clock(),
            )


async def expire(context: Context) -> None:
    """Forget checkpoints that are too many or too old, and free what nothing needs any more.

    Protected and tagged ones stay, and so does the newest ready one of each task.
    """
    keep, now = context.config.checkpoints, context.clock()
    kept: dict[str, int] = {}
    gone: list[Checkpoint] = []
    for each in checkpoints.listed(context.db):
        if each.state in (CheckpointState.PENDING, CheckpointState.CREATING):
            if each.trigger is Trigger.ROLLBACK and now - each.created_at > LATELY_S:
                fail(context, each.id, "it was interrupted, and nobody came back to it")
            continue
        ready = each.state is CheckpointState.READY
        number = kept.get(each.task_id, 0)
        kept[each.task_id] = number + ready
        if each.protected or each.tags or (ready and number == 0):
            continue
        if number >= keep.keep or now - each.created_at > keep.keep_days * 86400:
            gone.append(each)
    if gone:
        with writing(context.db) as tx:
            for each in gone:
                checkpoints.remove(tx, each.id)
            why = f"{len(gone)} checkpoints beyond {keep.keep} of a task or {keep.keep_days:g} days were removed"
            events.append(tx, "retention.removed", why, at=now)
    if context.paths.checkpoints.is_dir():
        await collect(context)


async def collect(context: Context) -> dict[str, Any]:
    """Free what no checkpoint needs."""
    job = {
        "op": "collect",
        "root": str(context.paths.checkpoints),
        "live": sorted(checkpoints.trees(context.db)),
        "dead": [],
    }
    return await context.workers.work(job, lambda stage, done, total: None)
