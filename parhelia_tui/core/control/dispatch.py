"""From a pending task to a container."""

from __future__ import annotations

import dataclasses
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext

from parhelia_tui.core.agents.base import Start
from parhelia_tui.core.agents.registry import agent, leaves_notes, tells_states
from parhelia_tui.core.backends.base import ContainerPlan
from parhelia_tui.core.control import (
    egress,
    ending,
    memory,
    placing,
    renewal,
    resume,
    review,
    spending,
    workspaces,
)
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import new_id, session_name
from parhelia_tui.core.model.placement import Choice
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import CONTAINER_ENDED, ContainerState, TaskState
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.store import approvals, checkpoints, containers, events, sessions, tasks
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
    # With the money for today or for everything gone, what would spend waits, and lets others past.
    spent = spending.spent_up(context)
    free_talk = bool(spent) and spending.costs_nothing(context)
    if not spent and context.held_back:
        _let_in_again(context)
    free = context.config.controller.max_containers - containers.count_live(db)
    if free <= 0:
        return []
    picked: list[str] = []
    with writing(db) as tx:
        where = placing.Placing(context)
        for task in _in_order(tx, -1 if spent else free):
            if len(picked) >= free:
                break
            # A sandbox is paid with money, whoever pays for the model.
            if (
                spent
                and egress.is_metered(task.network, task.agent)
                and not (free_talk and task.backend == "local")
            ):
                _hold_back(context, tx, task, spent)
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
        if first < 0 or len(found) < first:
            return
        given.update(task.id for task in found)
        first *= 4


def _why_held_back(ceiling: str) -> str:
    what = "for today" if ceiling == "day" else "for everything"
    return f"the budget {what} is spent; parhelia budget raise {ceiling} USD lets it begin"


def _hold_back(context: Context, tx: sqlite3.Connection, task: Task, ceiling: str) -> None:
    """Say once why a task stays in the queue."""
    why = _why_held_back(ceiling)
    context.held_back.add(ceiling)
    if task.reason != why:
        tasks.update(tx, task, reason=why)
        events.append(
            tx,
            "task.held_back",
            why,
            level="warning",
            task_id=task.id,
            at=context.clock(),
            data={"code": "E300"},
        )


def _let_in_again(context: Context) -> None:
    """Let no task of the queue say any more that it waits for money; there is some again."""
    told = {_why_held_back(ceiling) for ceiling in context.held_back}
    with writing(context.db) as tx:
        for task in tasks.queue(tx, -1):
            if task.reason in told:
                tasks.update(tx, task, reason="")
    context.held_back.clear()


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
    container_id = new_id("c")
    attempt = tasks.add_attempt(
        tx, task, container_id, now, _conversation(tx, task), remembered=not leaves_notes(task.agent)
    )
    container = containers.add(
        tx,
        container_id,
        renewal.with_rest(tx, dataclasses.replace(task, backend=choice.backend, limits=choice.limits)),
        attempt=attempt,
        workspace=workspace,
        slot=slot,
        at=now,
    )
    session_id = new_id("s")
    sessions.add(tx, session_id, session_name(task.slug, session_id), container, "main", task.agent, now)
    tasks.move(
        tx,
        task,
        TaskState.DISPATCHING,
        attempt=attempt,
        container_id=container_id,
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
    events.append(
        tx,
        "task.dispatching",
        f"attempt {attempt} in container {container_id}, slot {slot}",
        task_id=task.id,
        container_id=container_id,
        at=now,
    )
    if choice.why:
        placing.tell(tx, task, container, choice, now)
    if slot > 1 and task.workspace_mode == "shared":
        events.append(
            tx,
            "workspace.shared",
            f"{slot} containers work on {workspace} at the same time",
            level="warning",
            task_id=task.id,
            container_id=container_id,
            at=now,
        )
    return container


async def create(
    context: Context, container_id: str, turn: AbstractAsyncContextManager[object] | None = None
) -> None:
    """Have the backend create a container that `pick` stored; safe to repeat.

    What cannot be created ends here, with the reason on container and task. What is not wanted any more is
    not created; its end is recorded by who ends it.

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
    try:
        await workspaces.prepare(context.paths, task, lambda: is_wanted(context, container_id))
        if task.resume_from is not None and is_wanted(context, container_id):
            await resume.prepare(context, task, container)
        await review.remember(context, container)
        async with turn or nullcontext():
            if is_wanted(context, container_id):
                if container.persistent:
                    await _take_over(context, container)
                await context.backend_of(container).create(_plan(context, task, container))
                await egress.give_key(context, container)
    except ParheliaError as error:
        with writing(context.db) as tx:
            if containers.get(tx, container_id).state is not ContainerState.CREATING:
                # Its spool says that it runs, or how it ended; that it could not be made is a mistake.
                return
            ending.container_failed(tx, container_id, f"{error.code}: {error.message}", context.clock())
    finally:
        context.being_created.discard(container_id)


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


def _conversation(tx: sqlite3.Connection, task: Task) -> str:
    """The conversation of the next attempt: that of the checkpoint from which it goes on, else a new one.

    What goes on from another task's checkpoint begins a conversation of its own from a copy.
    """
    checkpoint = checkpoints.find(tx, task.resume_from) if task.resume_from else None
    own = checkpoint is not None and checkpoint.task_id == task.id
    return (_talk(tx, task) if own else "") or str(uuid.uuid4())


def _talk(db: sqlite3.Connection, task: Task) -> str:
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
        shown=private_directory(run / "shown"),
        conversation=tasks.conversation(context.db, task.id, container.attempt),
        continues=resume.has_talk(context, task, container),
        talk=_talk(context.db, task),
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
        mounts=launch.mounts,
        network=container.network,
        egress=egress.plan(context, task, container),
        persistent=container.persistent,
        unsandboxed=container.unsandboxed,
        limits=container.limits,
    )
