"""The program that runs beside an agent in its container, and how it is started."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.agents import home as homes
from parhelia_tui.core.agents.base import Start
from parhelia_tui.core.model.records import Mount, Task
from parhelia_tui.core.settings.paths import private_directory

PROGRAM = Path(__file__).with_name("program")
INSIDE = "/run/parhelia-watcher"


def program(task: Task) -> str:
    """The program's directory, as the container sees it."""
    return str(PROGRAM) if task.unsandboxed else f"{INSIDE}/program"


def shown(start: Start) -> str:
    """The directory of what the agent may only read, as the container sees it."""
    return str(start.shown) if start.task.unsandboxed else f"{INSIDE}/own"


def put(start: Start, name: str, content: str | bytes) -> None:
    """Write a file there. Raises E500, E507, E602."""
    homes.put(private_directory(start.shown), name, content)


def command(start: Start) -> tuple[str, ...]:
    """What a Python is given to start the watcher, and by it the agent."""
    return (f"{program(start.task)}/__main__.py", f"{shown(start)}/plan")


def mounts(start: Start) -> tuple[Mount, ...]:
    """What has to be seen inside."""
    if start.task.unsandboxed:
        return ()
    return (Mount(PROGRAM, f"{INSIDE}/program"), Mount(start.shown, f"{INSIDE}/own"))


def plan(mode: str, conversation: str, source: str, words: Sequence[str]) -> bytes:
    """The plan of the watcher: its mode, the conversation, a file for it, and the agent's command.

    Args:
        mode: terminal, headless, deferred (headless, and its talk ends with a question) or lines.
        source: the prompt or the patterns, as the container sees them.
    """
    return b"".join(
        os.fsencode(word.replace("\0", "")) + b"\0" for word in (mode, conversation, source, *words)
    )
