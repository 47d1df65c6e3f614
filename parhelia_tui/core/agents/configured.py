"""Agents that a configuration defines: a command, how it goes on, and what lines of its output mean."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.agents import watcher
from parhelia_tui.core.agents.base import Launch, Probe, Start
from parhelia_tui.core.agents.interpreter import inside
from parhelia_tui.core.agents.options import Option, check
from parhelia_tui.core.agents.talk_files import TalkFiles
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Image, Mount, Task
from parhelia_tui.core.model.said import Said
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.settings.config_agents import AgentConfig

KNOWN = Path(__file__).with_name("known.toml")
PROMPT, CONVERSATION = "{prompt}", "{conversation}"
ARGUMENT_LIMIT = 100_000
"""Bytes of a prompt that fits into an argument (execve(2): 131,072)."""
OPTIONS: Mapping[str, Option] = {
    "message": Option(None, lambda value: isinstance(value, str) and bool(value.strip()), "a text"),
}


class ConfiguredAgent:
    """Runs a program by its configuration, without a terminal of its own; each line of its output is looked at.

    Option: `message` (what it is told when its talk goes on).
    """

    def __init__(self, name: str, config: AgentConfig) -> None:
        self.name = name
        self._config = config
        self.summary = one_line(config.summary or f"{config.command[0]}, by its configuration", 80)
        self.conversation = config.conversation
        self.states = bool(config.states)
        self.notes = ""
        self.screen: Path | None = None
        self.prompts = False
        self.network: str = config.network

    @property
    def patterns(self) -> Mapping[str, str]:
        """What lines of its output mean: states with regular expressions."""
        return {str(state): pattern for state, pattern in self._config.states.items()}

    def probe(self) -> Probe:
        """Look for its program where containers see it."""
        program = self._config.command[0]
        path = program if program.startswith("/") else shutil.which(program)
        if path is None or not os.access(path, os.X_OK):
            return Probe(problem=f"{one_line(program, 80)} is not on this machine: install it")
        resume = ("resume",) if self._config.resume and self.conversation else ()
        return Probe(path=path, capabilities=("headless", *resume))

    def check(self, prompt: str, options: Mapping[str, object]) -> None:
        """Refuse options that there are not, and a prompt that is too long. Raises E100."""
        check(self.name, OPTIONS, options)
        if len(prompt.encode(errors="replace")) > ARGUMENT_LIMIT:
            raise ParheliaError(
                "E100", f"the agent {self.name} takes a prompt of at most {ARGUMENT_LIMIT} bytes"
            )

    def need(self, image: Image | None = None) -> None:
        """Refuse a machine without its program; what an image holds of it nobody knows. Raises E500."""
        if image is not None:
            return
        problem = self.probe().problem
        if problem:
            raise ParheliaError("E500", problem, recovery=("parhelia agent list",))

    def prepare(self, start: Start) -> None:
        """Write the plan and the patterns. Raises E507, E602."""
        goes_on = bool(start.continues and self._config.resume)
        said = None if start.interrupted else start.task.agent_options.get("message")
        prompt = str(said) if goes_on and said else start.task.prompt
        template = self._config.resume if goes_on else self._config.command
        words = [each.replace(PROMPT, prompt).replace(CONVERSATION, start.conversation) for each in template]
        if start.image is None:
            words[0] = self.probe().path or words[0]
        watcher.put(start, "patterns.json", json.dumps(dict(self.patterns)))
        shown = watcher.shown(start)
        watcher.put(start, "plan", watcher.plan("lines", start.conversation, f"{shown}/patterns.json", words))

    def launch(self, start: Start) -> Launch:
        """Start the watcher, which starts the program."""
        python, mounts = inside(start.image)
        more = [Mount(Path(each), each) for each in self._config.mounts]
        return Launch(
            (*python, *watcher.command(start)),
            dict(self._config.env),
            (*mounts, *more, *watcher.mounts(start)),
        )

    def carry(self, home: Path, task: Task) -> int:
        """Nothing of the user's goes along but what the configuration says."""
        return 0

    def keeps_questions(self, task: Task) -> bool:
        """It waits for its answers where it asked."""
        return False

    def said(self, files: TalkFiles, conversation: str) -> Sequence[Said]:
        """What it keeps of a talk is its own matter."""
        return ()

    def describe(self, task: Task, image: Image | None) -> Mapping[str, str]:
        """Name its program."""
        return {"program": self._config.command[0]}


def configured() -> dict[str, ConfiguredAgent]:
    """Give the agents that Parhelia knows by configuration and those of the user's, which go before them."""
    import tomllib

    from parhelia_tui.core.settings.config_agents import AgentConfig
    from parhelia_tui.core.settings.config_files import load

    known: dict[str, Any] = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["agents"]
    own = load().config.agents
    found = {name: AgentConfig.model_validate(about) for name, about in known.items()} | own
    return {name: ConfiguredAgent(name, about) for name, about in found.items()}
