"""Taking the checkpoints that are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parhelia_tui.core.agents.registry import talk_of
from parhelia_tui.core.control import workspaces
from parhelia_tui.core.control.checkpoint_rows import Teller, fail, record
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.due_checkpoints import is_automatic
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Checkpoint, Container, Task
from parhelia_tui.core.model.states import CheckpointState, ContainerState, Trigger
from parhelia_tui.core.store import checkpoints, containers, tasks
from parhelia_tui.core.store.connection import writing, writing_durably

DROPPED_WHEN_SAME = (Trigger.PERIODIC, Trigger.DETACH, Trigger.RISKY)
RISKY_AGAIN_S = 1.0
"""A checkpoint of this age is good enough before a risky step: an agent may call every step so."""


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
        found = await context.workers.work(job, Teller(context, wanted.id))
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
        return config.on_detach and is_automatic(context, task)
    if wanted.trigger is Trigger.RISKY:
        last = checkpoints.newest(context.db, task.id)
        fresh = last is not None and context.clock() - last.created_at < RISKY_AGAIN_S
        return config.before_risk and config.automatic != "none" and not fresh
    return True
