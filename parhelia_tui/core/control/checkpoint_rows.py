"""What is stored and told of a checkpoint: how far it is, what was taken, why it could not be."""

from __future__ import annotations

import sqlite3
from typing import Any

from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.mounting import environment
from parhelia_tui.core.model.records import Checkpoint, Image, Task
from parhelia_tui.core.model.states import CheckpointState
from parhelia_tui.core.store import checkpoints, containers, events, tasks
from parhelia_tui.core.store.connection import writing


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
    container = containers.find(tx, current.container_id) if current.container_id else None
    image = context.backend_of(container).image if container else None
    about = {**found["environment"], **(_about(task, image) if task else {})}
    done = checkpoints.finish(
        tx,
        current,
        {**found, "environment": about},
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


def _about(task: Task, image: Image | None) -> dict[str, str]:
    try:
        described = agent(task.agent).describe(task, image)
    except ParheliaError:
        # An agent that is not configured any more; what it made is kept all the same.
        described = {}
    image_of = {"image": task.image} if task.image else {}
    return {"agent": task.agent, **described, **image_of, **environment(task.mounts)}


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


def how_far(stage: str, done: int, total: int) -> str:
    """Say in words what `Progress` is told (core/checkpoints/progress.py)."""
    if total:
        return f"{stage}, {done:,} of {total:,}"
    return f"{stage}, {done:,}" if done else stage


class Teller:
    """Writes how far a checkpoint is where every screen sees it."""

    def __init__(self, context: Context, checkpoint_id: str) -> None:
        self._context = context
        self._checkpoint_id = checkpoint_id

    def __call__(self, stage: str, done: int, total: int) -> None:
        said = how_far(stage, done, total)
        with writing(self._context.db) as tx:
            current = checkpoints.find(tx, self._checkpoint_id)
            if current is not None and current.state is CheckpointState.CREATING:
                checkpoints.tell(tx, current, said)
