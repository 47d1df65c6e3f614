"""What a container's egress process told, brought into the store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.control import approvals
from parhelia_tui.core.meter.spending import PROVIDER
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import CheckpointState, TaskState, Trigger
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store import checkpoints, reached, tasks

PARKED = "parked"
"""The state of an agent whose container stands still until the provider answers again."""
BUDGET = "budget"
"""The reason of a task that waits because its budget is spent."""

Tell = Callable[..., None]


def take(
    tx: sqlite3.Connection, container: Container, task: Task | None, record: dict[str, Any], tell: Tell
) -> None:
    """Give one record its effect.

    Args:
        task: what the container works on; None when it does so no more.
        tell: stores an event.
    """
    said = record["report"]
    words = one_line(str(said.get("words", "")), 400)
    kind = str(said["kind"])
    if kind == "hold" and task is not None and said["scope"] == PROVIDER:
        _park(tx, task, said, words, float(record["at"]), tell)
    elif kind == "hold" and task is not None:
        _hold(tx, container, task, said, words, float(record["at"]), tell)
    elif kind == "go_on" and task is not None:
        _go_on(tx, task, float(record["at"]), tell)
    elif kind == "refused":
        tell("budget.refused", words, level="warning", data={"code": "E300", "scope": str(said["scope"])})
    elif kind == "problem":
        tell("egress.problem", words, level="warning")
    elif kind in ("called", "denied"):
        _reached(tx, container, said, kind, float(record["at"]), tell)


def _hold(
    tx: sqlite3.Connection,
    container: Container,
    task: Task,
    said: dict[str, Any],
    words: str,
    at: float,
    tell: Tell,
) -> None:
    """The container stands still: the task waits for a person, with a checkpoint of what there is."""
    scope = str(said["scope"])
    question = f"the budget is spent: {words}; parhelia budget raise {in_command(scope)} USD"
    if task.state is TaskState.RUNNING:
        task = tasks.move(tx, task, TaskState.WAITING, question=question, reason=BUDGET)
    elif task.state is TaskState.WAITING:
        task = tasks.update(tx, task, question=question, reason=BUDGET)
    else:
        return
    tell("budget.exceeded", f"E300: {question}", level="error", data={"code": "E300", "scope": scope})
    last = checkpoints.newest(tx, task.id, (CheckpointState.PENDING, CheckpointState.CREATING))
    if last is None or last.trigger is not Trigger.BUDGET:
        checkpoints.add(
            tx,
            new_id("cp"),
            task,
            container,
            Trigger.BUDGET,
            at,
            workspace=container.workspace,
            note=words,
        )


def _park(
    tx: sqlite3.Connection, task: Task, said: dict[str, Any], words: str, at: float, tell: Tell
) -> None:
    """The container stands still until the provider answers again; nobody has to do anything."""
    until = float(said.get("until", at))
    detail = f"{words}; it goes on by itself at {time.strftime('%d %b %H:%M', time.localtime(until))}"
    tasks.update(
        tx, task, agent_state=PARKED, agent_source="meter", agent_tool="", agent_detail=detail, agent_at=at
    )
    tell("agent.parked", detail, level="warning", data={"until": until})


def _go_on(tx: sqlite3.Connection, task: Task, at: float, tell: Tell) -> None:
    if task.agent_state == PARKED:
        state, source = ("working", "meter") if agent(task.agent).states else ("", "")
        task = tasks.update(tx, task, agent_state=state, agent_source=source, agent_detail="", agent_at=at)
        tell("agent.unparked", "the provider answers again, and the container goes on")
    if task.state is not TaskState.WAITING or task.reason != BUDGET:
        return
    if approvals.waits(tx, task.id):
        tasks.update(tx, task, question="", reason="")
    else:
        tasks.move(tx, task, TaskState.RUNNING, question="", reason="")
    tell("budget.lifted", "the container goes on")


def _reached(
    tx: sqlite3.Connection, container: Container, said: dict[str, Any], kind: str, at: float, tell: Tell
) -> None:
    host = one_line(str(said["host"]), 253)
    first = reached.count(tx, container, host, at, denied=kind == "denied", times=int(said.get("times", 1)))
    # Each host once: what tries again and again is counted.
    if first and kind == "denied":
        why = one_line(str(said.get("why", "")), 200)
        tell(
            "network.denied",
            f"{host}: {why}; parhelia container allow {container.id} {host}"
            if said.get("allowable")
            else f"{host}: {why}",
            level="warning",
            data={"host": host, "why": why},
        )


def in_command(scope: str) -> str:
    """Give a scope as the commands of budgets take it: a task by its id."""
    return scope.removeprefix("task:")
