"""Getting a container ready in which the work of an earlier attempt goes on."""

from __future__ import annotations

import asyncio

from parhelia_tui.core.agents.registry import talk_of
from parhelia_tui.core.control import rollback
from parhelia_tui.core.control.checkpoint_rows import how_far
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.control.worker import Told
from parhelia_tui.core.model.records import Checkpoint, Container, Task
from parhelia_tui.core.model.states import CheckpointState, TaskState, Trigger
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.store import checkpoints, tasks
from parhelia_tui.core.store.connection import writing

LOOK_S = 0.05
"""Seconds between two looks at a checkpoint that is being taken."""


async def prepare(context: Context, task: Task, container: Container) -> None:
    """Bring workspace and talk to the checkpoint that a task goes on from; safe to repeat.

    Raises:
        ParheliaError: E202, E600 when the checkpoint cannot be used.
    """
    assert task.resume_from is not None
    checkpoint = await _taken(context, task, task.resume_from)
    teller = _Teller(context, task.id)
    if task.resume_workspace == "restore":
        others = rollback.others_at_work(context, task, container)
        if others:
            _tell_left_alone(context, container, others)
        else:
            # The container does not run yet, so there is nothing to hold still and no talk to keep.
            safety = f"cp-{container.id.partition('-')[2]}"
            await rollback.roll(context, task, None, checkpoint, safety, teller.of("the files come back"))
    talk = talk_of(task.agent)
    if checkpoint.conversation and talk:
        home = private_directory(private_directory(context.paths.container(container.id)) / "home")
        if not (home / talk).exists():
            await context.workers.work(
                {
                    "op": "restore",
                    "root": str(context.paths.checkpoints),
                    "tree": checkpoint.conversation,
                    "target": str(home / talk),
                },
                teller.of("the talk comes back"),
            )
    teller.end(task.reason)
    tell(
        context,
        container,
        "task.resumed",
        f"attempt {container.attempt} goes on from {checkpoint.id}",
        data={"checkpoint_id": checkpoint.id, "workspace": task.resume_workspace},
    )


class _Teller:
    """Writes how far a task is on its way back where every screen sees it."""

    def __init__(self, context: Context, task_id: str) -> None:
        self._context = context
        self._task_id = task_id
        self._told = False

    def of(self, what: str) -> Told:
        """Give what is called with how far one part of it is."""

        def told(stage: str, done: int, total: int) -> None:
            self._told = True
            self._write(f"{what}: {how_far(stage, done, total)}")

        return told

    def end(self, reason: str) -> None:
        """Say again what was said before."""
        if self._told:
            self._write(reason)

    def _write(self, reason: str) -> None:
        with writing(self._context.db) as tx:
            task = tasks.find(tx, self._task_id)
            if task is not None and task.state is TaskState.DISPATCHING and task.wanted == "run":
                tasks.update(tx, task, reason=reason)


async def _taken(context: Context, task: Task, checkpoint_id: str) -> Checkpoint:
    """Wait until the checkpoint is taken with which a task leaves its last container; where it failed, the one before.

    Raises:
        ParheliaError: E202, E600 when the checkpoint cannot be used.
    """
    found = checkpoints.get(context.db, checkpoint_id)
    while found.trigger is Trigger.RENEWAL and found.state in (
        CheckpointState.PENDING,
        CheckpointState.CREATING,
    ):
        await asyncio.sleep(LOOK_S)
        found = checkpoints.get(context.db, checkpoint_id)
    if found.trigger is Trigger.RENEWAL and found.state is CheckpointState.FAILED:
        before = checkpoints.newest(context.db, task.id)
        found = before or found
    return rollback.ready(context, found.id)


def has_talk(context: Context, task: Task, container: Container) -> bool:
    """Say whether the talk of an earlier attempt lies in a container's home."""
    talk = talk_of(task.agent)
    return bool(
        task.resume_from and talk and (context.paths.container(container.id) / "home" / talk).is_dir()
    )


def _tell_left_alone(context: Context, container: Container, others: list[str]) -> None:
    tell(
        context,
        container,
        "workspace.left_alone",
        f"the workspace stays as it is, because {', '.join(others)} work on it too",
        level="warning",
    )
