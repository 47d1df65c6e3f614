"""What people want: cancelled tasks, ended containers, and intents."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
from collections.abc import Sequence
from typing import Any

from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.control import approvals, images, notify, reconcile, retention, rollback
from parhelia_tui.core.control.checkpoint_retention import collect
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.settle import read_news
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import session_name
from parhelia_tui.core.model.records import Container, Intent, Session, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.states import (
    CONTAINER_ENDED,
    CONTAINER_LIVE,
    SESSION_ENDED,
    ContainerState,
    SessionState,
    TaskState,
)
from parhelia_tui.core.store import containers, events, intents, sessions, tasks
from parhelia_tui.core.store.connection import writing

SHELL = ("/bin/bash", "-i")
BEGIN_DEADLINE_S = 5.0


def cancel_waiting(context: Context) -> None:
    """Cancel the tasks that are not wanted and have no container yet, or none any more."""
    waiting = [task for task in tasks.unwanted(context.db) if _is_nowhere(context.db, task)]
    if not waiting:
        return
    with writing(context.db) as tx:
        for seen in waiting:
            task = tasks.get(tx, seen.id)
            if _is_nowhere(tx, task):
                now = context.clock()
                tasks.move(tx, task, TaskState.CANCELLED, finished_at=now, question="")
                approvals.task_over(tx, task.id, f"its task was cancelled: {task.reason}", now)
                events.append(tx, "task.cancelled", task.reason, level="warning", task_id=task.id, at=now)


def _is_nowhere(db: sqlite3.Connection, task: Task) -> bool:
    """Say whether no container works on a task: it waits for one, for a review, or for an answer."""
    if task.state is TaskState.WAITING:
        container = containers.find(db, task.container_id) if task.container_id else None
        return container is not None and container.state in CONTAINER_ENDED
    return task.state in (TaskState.PENDING, TaskState.NEEDS_REVIEW)


def to_end(context: Context) -> list[tuple[str, str]]:
    """Name the live containers that are not wanted any more, each with the reason."""
    named = {container.id: container.reason for container in containers.to_terminate(context.db)}
    for task in tasks.unwanted(context.db):
        container = containers.find(context.db, task.container_id) if task.container_id else None
        if container is not None and container.state in CONTAINER_LIVE:
            named.setdefault(container.id, task.reason)
    return list(named.items())


async def fulfil(context: Context, intent: Intent) -> None:
    """Do what an intent asks and store what became of it; safe to repeat.

    One that has waited for longer than who asked for it (no controller could start, the store was held) is
    refused: a terminal that opens or closes an hour later is a surprise and no answer.
    """
    steps = {
        "session.create": _create_session,
        "session.kill": _kill_session,
        "container.allow": _allow,
        "checkpoint.rollback": rollback.roll_back,
        "checkpoint.collect": _collect,
        "reconcile": _reconcile,
        "cleanup": _cleanup,
        "notify.test": _test_notices,
        "agent.carry": _carry,
        "image.publish": images.publish,
        "image.delete": images.delete,
    }
    state = "done"
    try:
        step = steps.get(intent.kind)
        if step is None:
            raise ParheliaError("E101", f"this controller cannot do {intent.kind!r}")
        age_s = context.clock() - intent.at
        if age_s > intents.PATIENCE_S and not _has_begun(context, intent):
            raise ParheliaError("E501", f"nobody was there to do it for {age_s:.0f} s, so it is not done")
        result = await step(context, intent)
    except ParheliaError as error:
        state, result = "refused", {"code": error.code, "message": error.message, "details": error.details}
    except Exception as error:
        # Whoever asked waits for an answer, and a second try would fail like the first.
        context.logger.error("request %s fails: %s", intent.kind, error, exc_info=error)
        state, result = "refused", {"code": "E900", "message": f"{intent.kind}: {error}"}
    with writing(context.db) as tx:
        intents.handle(tx, intent.id, state, result, context.clock())


def _has_begun(context: Context, intent: Intent) -> bool:
    if intent.kind == "checkpoint.rollback":
        return rollback.has_begun(context, intent)
    return intent.kind == "session.create" and sessions.find(context.db, _session_id(intent)) is not None


def _session_id(intent: Intent) -> str:
    # It follows from the intent, so a controller that takes it up again makes no second session.
    return f"s-{intent.id:08x}"


async def _carry(context: Context, intent: Intent) -> dict[str, Any]:
    """Bring the user's own configuration into the homes of containers that run."""
    brought: dict[str, int] = {}
    for container in containers.live(context.db):
        task = tasks.find(context.db, container.task_id)
        home = context.paths.container(container.id) / "home"
        here = context.backend_of(container).image is None
        if here and task is not None and container.state is ContainerState.RUNNING and home.is_dir():
            files = await asyncio.to_thread(agent(task.agent).carry, home, task)
            if files:
                brought[container.id] = files
    return {"containers": brought}


async def _create_session(context: Context, intent: Intent) -> dict[str, Any]:
    session_id = _session_id(intent)
    command = tuple(str(word) for word in intent.payload.get("command", ())) or SHELL
    with writing(context.db) as tx:
        container = containers.get(tx, intent.target)
        if container.state is not ContainerState.RUNNING:
            raise ParheliaError("E203", f"container {container.id} is {container.state}, not running")
        known = sessions.of_container(tx, container.id)
        session = next((each for each in known if each.id == session_id), None)
        if session is None:
            session = _add_session(context, tx, container, known, session_id, command)
    if session.state is SessionState.CREATED:
        backend = context.backend_of(container)
        try:
            await backend.add_session(container.id, session.name, command)
        except ParheliaError as error:
            with writing(context.db) as tx:
                failed = sessions.get(tx, session_id)
                if failed.state not in SESSION_ENDED:
                    sessions.move(
                        tx, failed, SessionState.FAILED, reason=error.message, finished_at=context.clock()
                    )
            raise
        await _begun(context, container.id, session_id)
    made = sessions.get(context.db, session_id)
    if made.state is SessionState.FAILED:
        raise ParheliaError(
            "E100", f"the session is not there: {made.reason}", details={"session": made.name}
        )
    return {"session_id": session_id}


async def _begun(context: Context, container_id: str, session_id: str) -> None:
    """Return when the spool tells that the session has begun or cannot, or after `BEGIN_DEADLINE_S`."""
    end = asyncio.get_running_loop().time() + BEGIN_DEADLINE_S
    while asyncio.get_running_loop().time() < end:
        await read_news(context, container_id)
        if sessions.get(context.db, session_id).state is not SessionState.CREATED:
            return
        await asyncio.sleep(0.01)


def _add_session(
    context: Context,
    tx: Any,
    container: Container,
    known: Sequence[Session],
    session_id: str,
    command: Sequence[str],
) -> Session:
    most = context.config.sessions.max_per_container
    living = [each.name for each in known if each.state not in SESSION_ENDED]
    if len(living) >= most:
        raise ParheliaError(
            "E205",
            f"container {container.id} holds {len(living)} sessions and may hold {most}",
            details={"sessions": living, "limit": most},
        )
    task = tasks.get(tx, container.task_id)
    now = context.clock()
    name = session_name(task.slug, f"s-x{int(session_id[2:], 16):03x}")
    session = sessions.add(tx, session_id, name, container, "extra", redacted(" ".join(command)), now)
    events.append(
        tx,
        "session.created",
        f"{name}: {' '.join(command)}",
        task_id=task.id,
        container_id=container.id,
        session_id=session_id,
        at=now,
    )
    return session


async def _kill_session(context: Context, intent: Intent) -> dict[str, Any]:
    session = sessions.get(context.db, intent.target)
    if session.state in SESSION_ENDED:
        return {"session_id": session.id}
    container = containers.get(context.db, session.container_id)
    await context.backend_of(container).kill_session(container.id, session.name)
    await read_news(context, container.id)
    with writing(context.db) as tx:
        session = sessions.get(tx, session.id)
        if session.state not in SESSION_ENDED:
            now = context.clock()
            sessions.move(tx, session, SessionState.TERMINATED, reason="ended by the user", finished_at=now)
            events.append(
                tx,
                "session.ended",
                f"{session.name} was ended by the user",
                task_id=session.task_id,
                container_id=session.container_id,
                session_id=session.id,
                at=now,
            )
    return {"session_id": session.id}


async def _test_notices(context: Context, intent: Intent) -> dict[str, Any]:
    return await notify.test(context)


async def _allow(context: Context, intent: Intent) -> dict[str, Any]:
    """Let a running container of the network `allowlist` reach further hosts."""
    hosts = [str(each) for each in intent.payload.get("hosts", ())]
    container = containers.get(context.db, intent.target)
    if container.state is not ContainerState.RUNNING:
        raise ParheliaError("E203", f"container {container.id} is {container.state}, not running")
    if not await context.backend_of(container).allow(container.id, hosts):
        raise ParheliaError(
            "E103",
            f"container {container.id} has the network {container.network}; only allowlist has a list of hosts",
        )
    tell(context, container, "network.allowed", ", ".join(hosts), data={"hosts": hosts})
    return {"container_id": container.id, "hosts": hosts}


async def _reconcile(context: Context, intent: Intent) -> dict[str, Any]:
    return dataclasses.asdict(await reconcile.round_of(context))


async def _collect(context: Context, intent: Intent) -> dict[str, Any]:
    return await collect(context)


async def _cleanup(context: Context, intent: Intent) -> dict[str, Any]:
    asked = intent.payload
    swept = await retention.sweep(
        context,
        dry_run=bool(asked.get("dry_run")),
        persistent=bool(asked.get("persistent")),
        older_than_s=float(asked.get("older_than_s") or 0),
    )
    return dataclasses.asdict(swept)
