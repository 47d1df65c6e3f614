"""Bringing a live workspace back to a checkpoint, with a way back from there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from parhelia_tui.core.control import workspaces
from parhelia_tui.core.control.checkpoint_rows import fail, record
from parhelia_tui.core.control.checkpoints import subject
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.due_checkpoints import want
from parhelia_tui.core.control.journals import journal
from parhelia_tui.core.control.worker import Told
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Checkpoint, Container, Intent, Task
from parhelia_tui.core.model.states import CheckpointState, ContainerState, Trigger
from parhelia_tui.core.store import checkpoints, containers, events, tasks
from parhelia_tui.core.store.connection import writing, writing_durably


async def roll_back(context: Context, intent: Intent) -> dict[str, Any]:
    """Do what the intent `checkpoint.rollback` asks; safe to repeat.

    Raises:
        ParheliaError: E202, E201; E103 where the workspace is no one's moment; E600.
    """
    checkpoint = ready(context, intent.target)
    task = tasks.get(context.db, checkpoint.task_id)
    container = containers.find(context.db, task.container_id) if task.container_id else None
    if container is not None and container.state in (ContainerState.CREATING, ContainerState.STOPPING):
        raise ParheliaError("E103", f"container {container.id} is {container.state}; try again in a moment")
    others = others_at_work(context, task, container)
    if others:
        raise ParheliaError(
            "E103",
            f"{len(others)} other containers work on {workspaces.place(context.paths, task)}: {', '.join(others)}",
            details={"containers": others},
            recovery=("parhelia container list", f"parhelia checkpoint restore {checkpoint.id} DIR"),
        )
    done = await roll(context, task, container, checkpoint, safety_id(intent.id))
    return {"checkpoint_id": checkpoint.id, **done}


def has_begun(context: Context, intent: Intent) -> bool:
    """Say whether an earlier controller began with it."""
    return checkpoints.find(context.db, safety_id(intent.id)) is not None


def safety_id(number: int) -> str:
    """Name the safety checkpoint; it follows from the intent, so a repetition makes no second one."""
    return f"cp-{number:08x}"


def ready(context: Context, checkpoint_id: str) -> Checkpoint:
    """Read a checkpoint that can be used.

    Raises:
        ParheliaError: E202 when there is none, E600 when it was never finished.
    """
    checkpoint = checkpoints.get(context.db, checkpoint_id)
    if checkpoint.state is not CheckpointState.READY:
        raise ParheliaError("E600", f"checkpoint {checkpoint.id} is {checkpoint.state}, so it cannot be used")
    return checkpoint


def others_at_work(context: Context, task: Task, container: Container | None) -> list[str]:
    """Name other live containers on the same workspace; their work must not vanish under them."""
    place = str(workspaces.place(context.paths, task))
    own = container.id if container is not None else ""
    return [each.id for each in containers.live(context.db) if each.workspace == place and each.id != own]


def untold(stage: str, done: int, total: int) -> None:
    """Nobody waits to hear how far it is."""


async def roll(
    context: Context,
    task: Task,
    container: Container | None,
    checkpoint: Checkpoint,
    safety: str,
    told: Told = untold,
) -> dict[str, Any]:
    """Take the safety checkpoint unless it is there, then bring the workspace to the checkpoint's state.

    Args:
        container: the one that works on it, which is held still, or whose talk is kept; None for neither.
        safety: id of the safety checkpoint.
        told: called with how far it is.

    Raises:
        ParheliaError: E103 when another one is at it, E204, E600.
    """
    with writing(context.db) as tx:
        known = checkpoints.find(tx, safety)
        if known is None:
            known = want(context, tx, task, container, Trigger.ROLLBACK, safety)
            known = checkpoints.move(tx, known, CheckpointState.CREATING)
    if known.state is CheckpointState.FAILED:
        raise ParheliaError("E600", f"the safety checkpoint failed: {known.reason}")
    parent = checkpoints.newest(context.db, task.id)
    previous = (parent.tree, parent.conversation) if parent else ("", "")
    job = {
        "op": "rollback",
        "root": str(context.paths.checkpoints),
        "subject": subject(context, task, container, previous),
        "tree": checkpoint.tree,
        "journal": str(journal(context, task.id)),
        "safety": known.state is not CheckpointState.READY,
    }

    def keep_safety(found: dict[str, Any]) -> None:
        with writing_durably(context.db) as tx:
            record(context, tx, safety, parent, found)

    with _alone(context, task):
        try:
            done = await context.workers.work(job, told, keep_safety)
        except ParheliaError as error:
            fail(context, safety, f"{error.code}: {error.message}")
            raise
    with writing(context.db) as tx:
        events.append(
            tx,
            "workspace.rolled_back",
            f"the workspace is as it was at {checkpoint.id}; as it was before is {safety}",
            level="warning",
            task_id=task.id,
            container_id=container.id if container else None,
            data={"checkpoint_id": checkpoint.id, "safety_id": safety, **done},
            at=context.clock(),
        )
    return {"safety_id": safety, **done}


@contextlib.contextmanager
def _alone(context: Context, task: Task) -> Iterator[None]:
    place = str(workspaces.place(context.paths, task))
    if place in context.rolling:
        raise ParheliaError("E103", f"{place} is being rolled back already")
    context.rolling.add(place)
    try:
        yield
    finally:
        context.rolling.discard(place)
