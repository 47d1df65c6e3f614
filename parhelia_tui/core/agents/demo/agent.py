"""The agent `demo`: a program of ours that runs inside like any other agent."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from parhelia_tui.core.agents import home as homes
from parhelia_tui.core.agents import watcher
from parhelia_tui.core.agents.base import Launch, Probe, Start
from parhelia_tui.core.agents.demo.conversation import conversation as read_conversation
from parhelia_tui.core.agents.interpreter import inside, interpreter
from parhelia_tui.core.agents.options import Option, check
from parhelia_tui.core.agents.talk_files import TalkFiles
from parhelia_tui.core.model.records import Image, Mount, Task
from parhelia_tui.core.model.said import Said

PROGRAM = watcher.PROGRAM / "demo"
INSIDE = "/run/parhelia-demo/program"
SCRIPT = ".parhelia-demo.json"
MODEL = "claude-sonnet-5"
"""The model that the program plays; the same name stands there (program/demo/session.py), alone inside a container."""


def _is_pace(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100


def _is_whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


OPTIONS: Mapping[str, Option] = {
    "seed": Option(
        None, lambda value: _is_whole(value, -(2**63), 2**63 - 1), "a whole number of at most 64 bits"
    ),
    "pace": Option(1.0, _is_pace, "a factor from 0 (no pauses) to 100"),
    "ask": Option(
        "sometimes", lambda value: value in ("never", "sometimes", "always"), "never, sometimes or always"
    ),
    "fail": Option(False, lambda value: isinstance(value, bool), "true or false"),
    "tidy": Option(False, lambda value: isinstance(value, bool), "true or false"),
    "approvals": Option(False, lambda value: isinstance(value, bool), "true or false"),
    "chat": Option(False, lambda value: isinstance(value, bool), "true or false"),
    "turns": Option(None, lambda value: _is_whole(value, 1, 500), "a whole number from 1 to 500"),
    "flood_mb": Option(0, lambda value: _is_whole(value, 0, 1024), "a whole number of MiB from 0 to 1024"),
}


class DemoAgent:
    """Plans, edits files, runs commands, sometimes asks, and reports tokens; the same seed does the same.

    Options: `seed` (taken from the task's id where it is not given), `pace` (multiplies every pause), `ask`,
    `fail` (never gets its tests green and ends with 1), `tidy` (throws its test away after it has passed, which
    it calls risky and waits for a checkpoint), `approvals` (asks for its plan and before each tool), `chat` (then
    listens for prompts, until `/exit`), `turns` (answers of the model that it plays), `flood_mb` (prints so much
    before it ends).
    """

    name = "demo"
    summary = "a scripted coding agent, to try everything without an account"
    conversation = ".parhelia-demo"
    states = False
    notes = ""
    screen: Path | None = None
    network = "none"
    prompts = True

    def probe(self) -> Probe:
        """It is part of Parhelia, and needs a Python inside."""
        return Probe(path=interpreter()[0][0], capabilities=("terminal", "resume"))

    def check(self, prompt: str, options: Mapping[str, object]) -> None:
        """Refuse options that there are not, and values out of range. Raises E100."""
        check(self.name, OPTIONS, options)

    def need(self, image: Image | None = None) -> None:
        """It needs nothing that is not here."""

    def prepare(self, start: Start) -> None:
        """Write what the program is to do.

        Raises:
            ParheliaError: E507, E602 when it cannot be written.
        """
        task = start.task
        script = {name: task.agent_options.get(name, option.default) for name, option in OPTIONS.items()}
        if script["seed"] is None:
            script["seed"] = zlib.crc32(task.id.encode())
        homes.put(start.home, SCRIPT, json.dumps({"prompt": task.prompt, **script}))

    def launch(self, start: Start) -> Launch:
        """Run the program with a Python that is there inside; it takes up a talk that lies in its home."""
        words = ("--continue",) if start.continues else ()
        python, mounts = inside(start.image)
        if start.task.unsandboxed:
            return Launch((*python, str(PROGRAM / "__main__.py"), *words))
        command = (*python, f"{INSIDE}/demo/__main__.py", *words, f"{homes.INSIDE}/{SCRIPT}")
        return Launch(command, mounts=(Mount(watcher.PROGRAM, INSIDE), *mounts))

    def carry(self, home: Path, task: Task) -> int:
        """It has no configuration of the user's."""
        return 0

    def keeps_questions(self, task: Task) -> bool:
        """It waits for its answers where it asked."""
        return False

    def said(self, files: TalkFiles, conversation: str) -> Sequence[Said]:
        """Read its talk; there is one in a home."""
        return read_conversation(files)

    def describe(self, task: Task, image: Image | None) -> Mapping[str, str]:
        """Name the model that it plays, and what decides what it does."""
        return {"model": MODEL, "seed": str(task.agent_options.get("seed", "of the task"))}
