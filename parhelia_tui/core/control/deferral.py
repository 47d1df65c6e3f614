"""Questions that outlive their container: they stay in the inbox, and an answer lets the conversation go on.

The agent asks again where its talk is resumed; the same question is then the same row, with the answer that it has.
Nothing of the workspace is rolled back: since the container ended, only people have worked on it.
"""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.agents.registry import keeps_questions
from parhelia_tui.core.control import approvals as asking
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.asking import question_of
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Approval, Container, Task
from parhelia_tui.core.model.states import CheckpointState, ContainerState, TaskState, Trigger
from parhelia_tui.core.store import approvals, checkpoints, containers, events, tasks
from parhelia_tui.core.store.connection import writing

MOST = 3
"""Containers that may end one after the other before the agent was told an answer; then its task ends like any other."""


def applies(tx: sqlite3.Connection, task: Task, container: Container) -> bool:
    """Say whether a container that ends leaves a question behind that somebody may still answer."""
    if task.wanted != "run" or container.wanted == "terminate" or container.started_at is None:
        return False
    left = approvals.waiting(tx, container_id=container.id)
    if not left or not keeps_questions(task):
        return False
    return any(not each.decision for each in left) or task.recoveries < MOST


def defer(
    tx: sqlite3.Connection, task: Task, container: Container, why: str, exit_code: int | None, at: float
) -> None:
    """Let a task wait for an answer without a container; the state of its end is kept as a checkpoint."""
    left = approvals.waiting(tx, container_id=container.id)
    first = next((each for each in left if not each.decision), left[0])
    question = question_of(first.kind, first.tool, first.input, first.message)
    # An answer that could not be told is told in the next container, but not over and over.
    again = task.recoveries + all(each.decision for each in left)
    if task.state is not TaskState.WAITING:
        task = tasks.move(tx, task, TaskState.WAITING)
    tasks.update(
        tx,
        task,
        question=question,
        reason=f"its container has ended ({why}); an answer lets it go on",
        recoveries=again,
        agent_state=first.kind,
        agent_source="process",
        agent_at=at,
    )
    tasks.end_attempt(tx, task.id, container.attempt, TaskState.FAILED, why, exit_code, at)
    checkpoints.add(tx, new_id("cp"), task, container, Trigger.END, at, workspace=container.workspace)
    events.append(
        tx,
        "task.deferred",
        f"{task.title}: {why}; its question stays, and an answer lets it go on",
        level="warning",
        task_id=task.id,
        container_id=container.id,
        data={"approval_id": first.id, "attempt": container.attempt},
        at=at,
    )


def let_go(context: Context) -> None:
    """Let the containers go whose agents have waited for an answer for longer than configured."""
    longest, now = context.config.policy.defer_s, context.clock()
    late = {
        each.container_id: each
        for each in approvals.waiting(context.db)
        if longest and not each.decision and now - each.created_at > longest
    }
    for container_id, asked in late.items():
        container, task = containers.find(context.db, container_id), tasks.find(context.db, asked.task_id)
        if container is None or task is None or not _only_waits(task, container) or not keeps_questions(task):
            continue
        with writing(context.db) as tx:
            current = containers.get(tx, container_id)
            if current.state is ContainerState.RUNNING and current.wanted == "run":
                why = f"its question waits for longer than {longest:g} s"
                containers.update(tx, current, wanted="recover", reason=why)


def _only_waits(task: Task, container: Container) -> bool:
    return (
        task.state is TaskState.WAITING
        and task.container_id == container.id
        and container.state is ContainerState.RUNNING
        and container.wanted == "run"
    )


def go_on(context: Context) -> None:
    """Send tasks back to the queue whose questions have been answered since their container ended."""
    left: dict[str, list[Approval]] = {}
    for each in approvals.deferred(context.db):
        left.setdefault(each.task_id, []).append(each)
    for task_id, asked in left.items():
        task = tasks.find(context.db, task_id)
        if task is None or task.state is not TaskState.WAITING or task.wanted != "run":
            continue
        mine = any(each.container_id == task.container_id for each in asked)
        unfinished = checkpoints.newest(
            context.db, task_id, (CheckpointState.PENDING, CheckpointState.CREATING)
        )
        if mine and unfinished is None and all(each.decision for each in asked):
            with writing(context.db) as tx:
                _send_back(context, tx, tasks.get(tx, task_id))


def _send_back(context: Context, tx: sqlite3.Connection, task: Task) -> None:
    last, now = checkpoints.newest(tx, task.id), context.clock()
    if last is None:
        why = "its question was answered, but there is no checkpoint to go on from"
        tasks.move(tx, task, TaskState.FAILED, reason=why, question="", finished_at=now)
        events.append(tx, "task.failed", f"{task.title}: {why}", level="error", task_id=task.id, at=now)
        asking.task_over(tx, task.id, why, now)
        return
    tasks.move(
        tx,
        task,
        TaskState.PENDING,
        reason=f"goes on from {last.id}: its question is answered",
        question="",
        container_id=None,
        resume_from=last.id,
        resume_workspace="keep",
    )
    events.append(
        tx,
        "task.goes_on",
        f"{task.title}: its question is answered; it goes on from {last.id}",
        task_id=task.id,
        data={"checkpoint_id": last.id},
        at=now,
    )
