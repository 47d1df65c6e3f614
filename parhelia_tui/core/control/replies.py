"""What people tell agents: typed once, in order, and proven to have arrived or told as not delivered."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from parhelia_tui.core.agents import screens
from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.control import approvals
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Reply, Task
from parhelia_tui.core.model.states import CONTAINER_ENDED, ContainerState, ReplyState, TaskState
from parhelia_tui.core.model.text import digest_of
from parhelia_tui.core.sessions import reply as typing
from parhelia_tui.core.sessions import server
from parhelia_tui.core.store import containers, events, replies, sessions, tasks
from parhelia_tui.core.store.connection import writing, writing_durably

TAKEN_S = 600.0
"""Seconds that an agent has to take what was typed: it may be in the middle of a long piece of work."""
REST_S = 10.0
"""The same for one that waits for a person: it would have taken it at once."""

ENDED_S, LOOK_EVERY_S = 10.0, 0.05
"""How long the end of a program that was told something may take to be known."""
REMEMBERED = 20
"""So many earlier replies are known again where one of them stands in the line of an agent."""


def due(db: sqlite3.Connection) -> list[str]:
    """Name the tasks whose next reply can be typed, or whose typing was interrupted.

    One after the other: what an agent has not taken yet would be joined with what follows it.
    """
    first: dict[str, Reply] = {}
    for each in replies.unsettled(db):
        first.setdefault(each.task_id, each)
    return [
        task_id
        for task_id, each in first.items()
        if each.state is ReplyState.TYPING
        or (each.state is ReplyState.PENDING and not approvals.waits(db, task_id))
    ]


async def deliver(context: Context, task_id: str) -> None:
    """Type the next reply to a task.

    That it is being typed is stored before the first letter, so that it is never typed twice: whoever is killed
    in the middle leaves a reply of which nobody knows whether it arrived, and that is told.
    """
    waiting = replies.unsettled(context.db, task_id=task_id)
    if not waiting or waiting[0].state is ReplyState.TYPED:
        return
    if waiting[0].state is ReplyState.TYPING:
        _fail(context, waiting[0].id, "the controller was interrupted while it typed; look at its terminal")
        return
    reply, text = waiting[0], waiting[0].text
    task, container = tasks.get(context.db, task_id), containers.find(context.db, waiting[0].container_id)
    if (
        container is None
        or container.state is not ContainerState.RUNNING
        or task.container_id != container.id
    ):
        _fail(context, reply.id, "its container does not run any more")
        return
    with writing_durably(context.db) as tx:
        replies.move(tx, replies.get(tx, reply.id), ReplyState.TYPING, typed_at=context.clock())
    try:
        await _type(context, task, container, reply, text)
    except ParheliaError as error:
        _fail(context, reply.id, error.message)


async def _type(context: Context, task: Task, container: Container, reply: Reply, text: str) -> None:
    """Type and submit, and store what proves that it arrived, or why it did not.

    Raises:
        ParheliaError: E200, E601 when the terminal is gone before Enter is pressed.
    """
    main = next(each for each in sessions.of_container(context.db, container.id) if each.kind == "main")
    endpoint = context.backend_of(container).endpoint(container.id, main.name)
    runs = agent(task.agent)
    if runs.screen is not None:
        problem = await typing.paste_alone(endpoint, text, _line(context, container, runs.screen))
    else:
        problem = await typing.paste(endpoint, text, anywhere=runs.prompts)
    if problem:
        _fail(context, reply.id, problem)
        return
    await server.send_keys(endpoint, ["Enter"])
    if runs.prompts:
        _typed(context, reply.id)
        return
    evidence, why = "screen", "it was typed, but Enter did not take it off its line; look at its terminal"
    try:
        took = await typing.left(endpoint, text)
    except ParheliaError as error:
        # It was entered, and what it was for ended on it, as `read` in a script does; a terminal that is gone
        # or does not answer while its program lives proves nothing.
        took, evidence, why = (
            await _has_ended(context, container),
            "end",
            f"it was entered, but {error.message}",
        )
    with writing(context.db) as tx:
        current = replies.get(tx, reply.id)
        if took:
            _delivered(tx, current, evidence, context.clock())
        else:
            _failed(tx, current, why, context.clock())


async def _has_ended(context: Context, container: Container) -> bool:
    """Wait until it is known that a container has ended; False where it is not in time."""
    end = asyncio.get_running_loop().time() + ENDED_S
    while asyncio.get_running_loop().time() < end:
        found = containers.find(context.db, container.id)
        if found is None or found.state in CONTAINER_ENDED:
            return True
        await asyncio.sleep(LOOK_EVERY_S)
    return False


def _line(context: Context, container: Container, rules: Path) -> typing.Line:
    """The line in which an agent's replies are typed."""
    earlier = replies.digests(context.db, container.id, REMEMBERED)
    return typing.Line(
        unsent=lambda seen: screens.unsent(rules, seen.lines, seen.row, seen.column),
        ours=lambda words: digest_of(words) in earlier,
    )


def _typed(context: Context, reply_id: str) -> None:
    """Store that it is submitted: the agent's own word is the proof, and may have come already."""
    with writing(context.db) as tx:
        current = replies.get(tx, reply_id)
        if current.state is not ReplyState.TYPING:
            return
        replies.move(tx, current, ReplyState.TYPED)
        container = containers.find(tx, current.container_id)
        if container is None or container.state is not ContainerState.RUNNING:
            container_ended(tx, current.container_id, context.clock())


def taken(tx: sqlite3.Connection, container: Container, digest: str, at: float) -> None:
    """Store that the agent has taken a prompt, if it is one that was typed for somebody."""
    found = replies.typed(tx, container.id, digest)
    if found is not None:
        _delivered(tx, found, "agent", at)


def container_ended(tx: sqlite3.Connection, container_id: str, at: float) -> None:
    """What was not delivered to a container never will be; of what is being typed the typing will tell."""
    for each in replies.unsettled(tx, container_id=container_id):
        if each.state is not ReplyState.TYPING:
            _failed(tx, each, "its container has ended", at)


def expire(context: Context) -> None:
    """Tell of what was typed and not taken in time."""
    now = context.clock()
    for each in replies.unsettled(context.db):
        if each.state is not ReplyState.TYPED or each.typed_at is None:
            continue
        task = tasks.find(context.db, each.task_id)
        rests = task is not None and task.state is TaskState.WAITING
        since = max(each.typed_at, (task.agent_at if task else None) or 0.0)
        most = REST_S if rests else TAKEN_S
        if now - since > most:
            _fail(context, each.id, f"it was typed, but the agent has not taken it within {most:g} s")


def _delivered(tx: sqlite3.Connection, reply: Reply, evidence: str, at: float) -> None:
    replies.move(tx, reply, ReplyState.DELIVERED, evidence=evidence, reason="", finished_at=at)
    _tell(tx, reply, "delivered", f"{reply.owner.user_id}: {reply.shown}", {"evidence": evidence}, at)


def _failed(tx: sqlite3.Connection, reply: Reply, why: str, at: float) -> None:
    replies.move(tx, reply, ReplyState.FAILED, reason=why, finished_at=at)
    _tell(tx, reply, "failed", f"not delivered: {why}: {reply.shown}", {"reason": why}, at, level="warning")


def _fail(context: Context, reply_id: str, why: str) -> None:
    with writing(context.db) as tx:
        current = replies.get(tx, reply_id)
        if current.state not in (ReplyState.DELIVERED, ReplyState.FAILED):
            _failed(tx, current, why, context.clock())


def _tell(
    tx: sqlite3.Connection,
    reply: Reply,
    what: str,
    message: str,
    data: dict[str, object],
    at: float,
    *,
    level: str = "info",
) -> None:
    events.append(
        tx,
        f"reply.{what}",
        message,
        level=level,
        task_id=reply.task_id,
        container_id=reply.container_id,
        data={"reply_id": reply.id, "by": reply.owner.user_id, **data},
        at=at,
        owner=reply.owner,
    )
