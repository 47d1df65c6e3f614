"""From a container that the queue was given to one that the backend has made."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import AbstractAsyncContextManager, nullcontext

from parhelia_tui.core.agents.base import Start
from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.backends.base import MAY_PASS, NO_ROOM, UNMADE, UNSURE
from parhelia_tui.core.backends.local import images, mounts, run_directory
from parhelia_tui.core.backends.plan import ContainerPlan
from parhelia_tui.core.backends.steps import tell as tell_step
from parhelia_tui.core.control import (
    container_steps,
    egress,
    ending,
    memory,
    renewal,
    resume,
    review,
    room,
    workspaces,
)
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import CONTAINER_ENDED, ContainerState
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.store import approvals, checkpoints, containers, sessions, tasks
from parhelia_tui.core.store.connection import writing

AGAIN_S = 10.0
"""Seconds until one is tried again whose making was broken off by a provider that does not answer."""


async def create(
    context: Context, container_id: str, turn: AbstractAsyncContextManager[object] | None = None
) -> None:
    """Have the backend create a container that `dispatch.pick` stored; safe to repeat.

    What cannot be created ends here, with the reason on container and task; where a provider has no room for it or was
    out of reach, the task goes back to the queue. As long as it is out of reach, nobody knows what it made or began: the
    container stays as it is, and is created when it answers. What is not wanted any more is not created; its end is
    recorded by who ends it.

    Args:
        turn: entered while the backend works. Copying a workspace may take hours, so that is done before.
    """
    container = containers.get(context.db, container_id)
    task = tasks.find(context.db, container.task_id)
    if task is None or container.state is not ContainerState.CREATING:
        return
    if container_id in context.being_created:
        # A round of reconciling may meet it half made; two copies of one workspace would end each other.
        return
    context.being_created.add(container_id)
    with container_steps.noting_making(context, container_id):
        await _create(context, task, container, turn or nullcontext())


async def _create(
    context: Context, task: Task, container: Container, turn: AbstractAsyncContextManager[object]
) -> None:
    container_id, asked = container.id, False
    try:
        if task.workspace_mode == "clone":
            tell_step("copying the workspace")
        await workspaces.prepare(context.paths, task, lambda: is_wanted(context, container_id))
        if task.resume_from is not None and is_wanted(context, container_id):
            await resume.prepare(context, task, container)
        await review.remember(context, container)
        async with turn:
            if is_wanted(context, container_id):
                if container.persistent:
                    await _take_over(context, container)
                plan, asked = _plan(context, task, container), True
                await context.backend_of(container).create(plan)
                room.found(context, container)
                await egress.give_key(context, container)
    except ParheliaError as error:
        if not asked and (context.paths.container(container_id) / run_directory.ELSEWHERE).exists():
            # It has taken a sandbox that was kept ready, which costs.
            asked = True
            await _nothing_was_made(context, container)
        unsure = UNSURE in error.details
        passes = unsure or MAY_PASS in error.details
        waits = (
            not unsure
            and (passes or NO_ROOM in error.details)
            and await _nothing_was_made(context, container)
        )
        with writing(context.db) as tx:
            if containers.get(tx, container_id).state is not ContainerState.CREATING:
                # Its spool says that it runs, or how it ended; that it could not be made is a mistake.
                return
            if not is_wanted(context, container_id):
                # Who ends it says why, but would take it for something that has cost money.
                if waits:
                    why = containers.get(tx, container_id).reason or tasks.get(tx, task.id).reason
                    ending.container_terminated(
                        tx, container_id, why, context.clock(), paid_until=container.created_at
                    )
                return
            if passes and not waits:
                context.interrupted[container_id] = context.clock() + AGAIN_S
                step = f"waiting for {container.backend}, which does not answer"
                containers.update(tx, containers.get(tx, container_id), step=step)
                return
            context.interrupted.pop(container_id, None)
            if waits:
                what = "an answer of" if passes else "room at"
                why = f"waits for {what} {container.backend}: {error.message}"
                room.refused(context, container, why)
                ending.container_without_room(tx, container_id, why, context.clock())
            else:
                ending.container_failed(
                    tx,
                    container_id,
                    f"{error.code}: {error.message}",
                    context.clock(),
                    # What never was anywhere cost nothing.
                    container.created_at if not asked or UNMADE in error.details else None,
                )
    else:
        context.interrupted.pop(container_id, None)
    finally:
        context.being_created.discard(container_id)
        if container_id not in context.interrupted:
            container_steps.forget(context, container_id)


async def _nothing_was_made(context: Context, container: Container) -> bool:
    """Make certain that a refused container is nowhere: it is about to be asked for again, and begins anew."""
    backend = context.backend_of(container)
    try:
        await backend.terminate(container.id, reason="it could not be made", grace_s=0)
    except ParheliaError:
        return False
    with contextlib.suppress(ParheliaError):
        # Where something stays of it here, its task gets another one.
        async with context.taking_apart:
            await backend.remove(container.id)
    return True


async def _take_over(context: Context, container: Container) -> None:
    """Let a persistent container go on with the home and the system of the one that stood in its place."""
    earlier = containers.predecessors(context.db, container)
    if not earlier:
        return
    async with context.taking_apart:
        found = await context.backend_of(container).take_over(container.id, earlier)
    if found is None:
        return
    tell(
        context,
        container,
        "container.continued",
        f"it goes on with the home and the system of container {found}, in slot {container.slot}",
    )


def talk_before(db: sqlite3.Connection, task: Task) -> str:
    """The conversation whose files the checkpoint holds from which a task goes on; empty where there is none."""
    checkpoint = checkpoints.find(db, task.resume_from) if task.resume_from else None
    return tasks.conversation(db, checkpoint.task_id, checkpoint.attempt) if checkpoint else ""


def is_wanted(context: Context, container_id: str) -> bool:
    """Say whether a container still is to be, as far as its row and that of its task say."""
    container = containers.find(context.db, container_id)
    if container is None or container.wanted != "run" or container.state in CONTAINER_ENDED:
        return False
    task = tasks.find(context.db, container.task_id)
    return task is not None and task.wanted == "run"


def _plan(context: Context, task: Task, container: Container) -> ContainerPlan:
    run = private_directory(context.paths.container(container.id))
    adapter = agent(task.agent)
    start = Start(
        task=task,
        home=private_directory(run / "home"),
        shown=run / "shown",
        conversation=tasks.conversation(context.db, task.id, container.attempt),
        continues=resume.has_talk(context, task, container),
        talk=talk_before(context.db, task),
        memory=memory.of_task(context, task),
        interrupted=task.recoveries > 0
        or renewal.forerunner(context.db, task, container.attempt - 1) is not None,
        deferred=bool(approvals.deferred(context.db, task.id)),
        image=context.backend_of(container).image,
    )
    adapter.prepare(start)
    launch = adapter.launch(start)
    main = next(each for each in sessions.of_container(context.db, container.id) if each.kind == "main")
    return ContainerPlan(
        container_id=container.id,
        session_name=main.name,
        command=launch.command,
        workspace=workspaces.place(context.paths, task),
        env={
            "PARHELIA_TASK_ID": task.id,
            "PARHELIA_ATTEMPT": str(container.attempt),
            "PARHELIA_SLOT": str(container.slot),
            **launch.env,
            **task.env,
        },
        # First, so that nothing of the user's covers what its agent needs.
        mounts=(*mounts.promised(task.mounts, context.paths), *launch.mounts),
        carried=launch.carried,
        network=container.network,
        egress=egress.plan(context, task, container),
        ca_file=context.config.network.ca_file,
        persistent=container.persistent,
        image=images.layer(context.paths, container.image),
        unsandboxed=container.unsandboxed,
        limits=container.limits,
        is_wanted=lambda: is_wanted(context, container.id),
    )
