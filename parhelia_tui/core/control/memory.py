"""What a session leaves for the next one of its project.

An agent that is asked to keeps notes in a file of its home; at its end they become the project's memory. Where it
wrote none, a line about what it did is added. Secrets of known shapes are taken out before anything is stored.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path

from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Memory, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import one_line, plain
from parhelia_tui.core.store import events, memories, tasks
from parhelia_tui.core.store.connection import writing

AT_ONCE = 20
LONGEST = 16_000
"""Characters of a memory; of a longer one the end is kept, which is the newest."""


def of_task(context: Context, task: Task) -> str:
    """What earlier sessions left for a task; empty where there is nothing, or where nobody wants it."""
    project = task.project
    if not context.config.claude.memory or not project:
        return ""
    found = memories.get(context.db, project)
    return found.text if found else ""


def remember(context: Context) -> None:
    """Take what ended sessions left; each is asked once, whatever is killed when."""
    for task_id, number, container_id in memories.to_remember(context.db, AT_ONCE):
        task = tasks.find(context.db, task_id)
        notes = ""
        if task is not None and context.config.claude.memory:
            notes = _notes(context, task, container_id)
        with writing(context.db) as tx:
            memories.remembered(tx, task_id, number)
            project = task.project if task is not None else ""
            if task is None or not project or not context.config.claude.memory:
                continue
            before = memories.get(tx, project)
            known = before.text if before else ""
            text = notes if notes and notes != known else _with_line(known, task, context.clock())
            if text != known:
                memories.put(tx, Memory(project, text, task_id, context.clock()))
                events.append(
                    tx, "memory.updated", f"the memory of {project}", task_id=task_id, at=context.clock()
                )


def _with_line(known: str, task: Task, now: float) -> str:
    """Add what is known of a session that wrote nothing itself; nothing where it never got to work."""
    if not task.turns:
        return known
    day = time.strftime("%Y-%m-%d", time.localtime(now))
    said = one_line(task.last_line, 200)
    line = f"- {day} {task.agent_outcome or task.state}: {one_line(task.title, 100)}" + (
        f" ({said})" if said else ""
    )
    return cut(redacted(f"{known.rstrip()}\n{line}\n".lstrip("\n")))


def _notes(context: Context, task: Task, container_id: str) -> str:
    """The notes in the home of an ended container, made safe; empty where there are none."""
    with contextlib.suppress(ParheliaError):
        name = agent(task.agent).notes
        if name:
            home = context.paths.container(container_id) / "home"
            text = cut(redacted(plain(_read(home, name)))).strip()
            return f"{text}\n" if text else ""
    return ""


def _read(home: Path, name: str) -> str:
    """Read a file that a hostile agent may have put there: no link is followed, no device is waited for."""
    try:
        descriptor = os.open(home / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        return file.read(4 * LONGEST).decode("utf-8", "replace")


def cut(text: str) -> str:
    """A text that is not too long, without half a line at its beginning."""
    return text if len(text) <= LONGEST else text[-LONGEST:].partition("\n")[2]
