"""What an agent reported of itself, brought into the store. A claim: it moves its task and is shown, and never acts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.control import approvals, egress, egress_news, replies
from parhelia_tui.core.meter.prices import Usage, price
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import CheckpointState, TaskState, Trigger
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store import checkpoints, ledger, tasks

WAITING_STATES = frozenset({"waiting", "permission", "question", "plan"})
WORKING_STATES = frozenset({"starting", "working", "tool", "background", "retrying", "idle", "done", "error"})
"""Where an agent that said it waits goes on; `unknown` says nothing of it."""

Tell = Callable[..., None]


def take(
    tx: sqlite3.Connection, container: Container, task: Task, record: dict[str, Any], tell: Tell
) -> str | None:
    """Give one record its effect.

    Args:
        task: what the container works on.
        tell: stores an event.

    Returns:
        The last words of the agent, where it said any.

    Raises:
        KeyError, TypeError, ValueError: the report has a strange form.
    """
    report, at = record["report"], float(record["at"])
    kind, message = report.get("type"), one_line(str(report.get("message", "")), 300)
    if kind == "state":
        _state(tx, task, report, message, at, tell)
    elif kind == "talk":
        _talk(tx, task, report)
        return message or None
    elif kind == "outcome":
        _outcome(tx, task, report, message, tell)
    elif kind == "progress":
        return message
    elif kind == "prompt":
        replies.taken(tx, container, str(report["digest"]), at)
    elif kind == "risky":
        _risky(tx, container, task, message, at)
    elif kind == "usage" and not egress.is_metered(container.network, task.agent):
        # Where the meter counts, a claim is not booked beside it.
        _usage(tx, container, task, record)
    return None


def _state(
    tx: sqlite3.Connection, task: Task, report: dict[str, Any], message: str, at: float, tell: Tell
) -> None:
    state, source = str(report.get("state")), str(report.get("source", ""))
    tool, detail = one_line(str(report.get("tool", "")), 80), one_line(str(report.get("detail", "")), 300)
    if source:
        task = tasks.update(
            tx,
            task,
            agent_state=state,
            agent_source=source,
            agent_tool=tool,
            agent_detail=detail,
            agent_at=at,
        )
    # One that leads a talk and has nothing to do waits for the next word of a person.
    rests = state == "idle" and source != ""
    question = _question(state, tool, detail or message)
    if state in WAITING_STATES or rests:
        _waits(tx, task, state, question, tell)
    elif (
        state in WORKING_STATES
        and task.state is TaskState.WAITING
        # What it said before it was held still is not its going on.
        and task.reason != egress_news.BUDGET
        and not approvals.waits(tx, task.id)
    ):
        tasks.move(tx, task, TaskState.RUNNING, question="")
        tell("task.running", "the agent goes on")
    if state in ("done", "error"):
        tell(f"agent.{state}", message or f"the agent says: {state}")


def _waits(tx: sqlite3.Connection, task: Task, state: str, question: str, tell: Tell) -> None:
    if approvals.waits(tx, task.id) or task.reason == egress_news.BUDGET:
        # What it asks is told by the question itself.
        return
    if task.state is TaskState.RUNNING:
        tasks.move(tx, task, TaskState.WAITING, question=question)
    elif task.state is TaskState.WAITING and question != task.question:
        tasks.update(tx, task, question=question)
    else:
        return
    tell(
        "task.waiting",
        question or "the agent waits for you",
        level="warning",
        data={"state": state},
    )


def _talk(tx: sqlite3.Connection, task: Task, report: dict[str, Any]) -> None:
    tasks.update(
        tx,
        task,
        turns=int(report["turns"]),
        seen_input_tokens=int(report["input_tokens"]),
        seen_output_tokens=int(report["output_tokens"]),
    )


def _outcome(tx: sqlite3.Connection, task: Task, report: dict[str, Any], message: str, tell: Tell) -> None:
    reason = one_line(str(report["reason"]), 40)
    tasks.update(tx, task, agent_outcome=reason)
    tell(
        "agent.outcome",
        f"{reason}: {message}" if message else reason,
        level="info" if report["ok"] else "warning",
        data={"reason": reason, "ok": bool(report["ok"])},
    )


def _risky(tx: sqlite3.Connection, container: Container, task: Task, message: str, at: float) -> None:
    """The agent waits for a checkpoint before it goes on; one at a time, since it may say so all day."""
    last = checkpoints.newest(tx, task.id, (CheckpointState.PENDING, CheckpointState.CREATING))
    if last is None or last.trigger is not Trigger.RISKY:
        checkpoints.add(
            tx,
            new_id("cp"),
            task,
            container,
            Trigger.RISKY,
            at,
            workspace=container.workspace,
            note=message,
        )


def _usage(tx: sqlite3.Connection, container: Container, task: Task, record: dict[str, Any]) -> None:
    report = record["report"]
    model = one_line(str(report.get("model", "")), 80)
    spent_in, spent_out = int(report["input_tokens"]), int(report["output_tokens"])
    said = report.get("cost_usd")
    cost = float(said) if said is not None else float(price(model, Usage(spent_in, spent_out)).usd)
    new = ledger.add(
        tx,
        task,
        container_id=container.id,
        spool_seq=int(record["seq"]),
        at=float(record["at"]),
        model=model,
        input_tokens=spent_in,
        output_tokens=spent_out,
        cost_usd=cost,
    )
    if new:
        tasks.update(
            tx,
            task,
            input_tokens=task.input_tokens + spent_in,
            output_tokens=task.output_tokens + spent_out,
            cost_usd=(task.cost_usd or 0.0) + cost,
        )


def _question(state: str, tool: str, said: str) -> str:
    """What a person is asked, in one line."""
    if state == "permission":
        return f"may it use {tool}: {said}" if tool else said or "it asks for permission"
    if state == "plan":
        return f"a plan: {said}" if said else "it has a plan"
    if state == "idle":
        return said or "it has nothing to do"
    return said
