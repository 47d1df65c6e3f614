"""Looking at the screens of agents that have been silent: the last resort, for what no hook and no file tells."""

from __future__ import annotations

import contextlib

from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.agents.screens import meaning
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import SessionState, TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.sessions import server
from parhelia_tui.core.store import containers, sessions, tasks
from parhelia_tui.core.store.connection import writing

SILENT_S = 5.0
"""An agent that said something so lately is believed."""
EVERY_S = 2.0
AT_ONCE = 5
"""Screens that are read in one look, each by a process of the terminal's server."""
DOUBTFUL = frozenset({"unknown", "starting", "working", "retrying"})
"""States behind which a dialog or a retry may hide; all others are told by the agent itself."""
WAITING = frozenset({"permission", "question", "plan"})


async def look(context: Context) -> None:
    """Read the screens of those that have been silent for the longest time."""
    now = context.clock()
    silent = [each for each in tasks.alive(context.db) if _is_silent(each, now)]
    silent.sort(key=lambda each: each.agent_at or each.started_at or 0.0)
    for task in silent[:AT_ONCE]:
        # It may end meanwhile, and the next look is soon.
        with contextlib.suppress(ParheliaError):
            await _look_at(context, task)


def _is_silent(task: Task, now: float) -> bool:
    doubtful = task.agent_state in DOUBTFUL and task.state in (TaskState.RUNNING, TaskState.WAITING)
    return doubtful and now - (task.agent_at or task.started_at or now) > SILENT_S


async def _look_at(context: Context, task: Task) -> None:
    rules = agent(task.agent).screen
    if rules is None or task.container_id is None or task.agent_options.get("headless"):
        return
    container = containers.get(context.db, task.container_id)
    main = next(
        (each for each in sessions.of_container(context.db, container.id) if each.kind == "main"), None
    )
    if main is None or main.state is not SessionState.RUNNING:
        return
    lines = await server.capture_text(context.backend_of(container).endpoint(container.id, main.name))
    found = meaning(rules, lines)
    if found is None or (found[0] == task.agent_state and task.agent_source == "screen"):
        return
    state, detail = found[0], one_line(found[1], 300)
    if state == task.agent_state:
        return
    with writing(context.db) as tx:
        current = tasks.get(tx, task.id)
        if (current.agent_at, current.state) != (task.agent_at, task.state):
            # The agent has spoken itself meanwhile.
            return
        current = tasks.update(
            tx,
            current,
            agent_state=state,
            agent_source="screen",
            agent_tool="",
            agent_detail=detail,
            agent_at=context.clock(),
        )
        if state in WAITING and current.state is TaskState.RUNNING:
            tasks.move(tx, current, TaskState.WAITING, question=detail or f"it shows a {state}")
