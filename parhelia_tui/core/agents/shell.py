"""The agent `shell`: the prompt is a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from parhelia_tui.core.agents import home as homes
from parhelia_tui.core.agents.base import Launch, Probe, Start
from parhelia_tui.core.agents.options import Option, check
from parhelia_tui.core.agents.talk_files import TalkFiles
from parhelia_tui.core.model.records import Image, Task
from parhelia_tui.core.model.said import Said

ARGUMENT_LIMIT = 100_000
"""Bytes. The kernel takes 131,072 for one argument (execve(2), MAX_ARG_STRLEN); what is longer goes into a file."""

SCRIPT = ".parhelia-command"

# `eval` reads all of it before it runs any, and names lines and the shell as `-c` does; `$(...)` drops newlines
# at the end, so one is given back, which a final backslash or the end of a here-document may need.
_FROM_FILE = 'eval "$(cat "{path}")\n"'

OPTIONS: Mapping[str, Option] = {
    "shell": Option(None, lambda value: value in ("bash", "sh"), "bash or sh"),
}


class ShellAgent:
    """Runs a command line with bash, or with sh where that is asked for or bash is missing.

    The exit code of the command is the task's. Inside, `$0` is the shell's short name, also for a command that
    is too long for an argument, so messages read alike.
    """

    name = "shell"
    summary = "runs a command line"
    conversation = ""
    states = False
    notes = ""
    screen: Path | None = None
    network = "none"
    prompts = False

    def probe(self) -> Probe:
        """It is part of every system."""
        return Probe(path=_shell(None), capabilities=("terminal",))

    def check(self, prompt: str, options: Mapping[str, object]) -> None:
        """Refuse options that there are not. Raises E100."""
        check(self.name, OPTIONS, options)

    def need(self, image: Image | None = None) -> None:
        """It needs nothing that is not here."""

    def prepare(self, start: Start) -> None:
        """Write a command that is too long for an argument into a file.

        Raises:
            ParheliaError: E507, E602 when it cannot be written.
        """
        if _is_long(start.task.prompt):
            homes.put(start.home, SCRIPT, start.task.prompt)

    def launch(self, start: Start) -> Launch:
        """Give the shell the command, or the file that holds it. A command has no memory: it begins anew."""
        task = start.task
        shell = _shell(task)
        command = task.prompt
        if _is_long(command):
            command = _FROM_FILE.format(path=f"{'$HOME' if task.unsandboxed else homes.INSIDE}/{SCRIPT}")
        return Launch((shell, "-c", "--", command, Path(shell).name))

    def carry(self, home: Path, task: Task) -> int:
        """It has no configuration of the user's."""
        return 0

    def keeps_questions(self, task: Task) -> bool:
        """It waits for its answers where it asked."""
        return False

    def said(self, files: TalkFiles, conversation: str) -> Sequence[Said]:
        """What it keeps of a talk is its own matter."""
        return ()

    def describe(self, task: Task, image: Image | None) -> Mapping[str, str]:
        """Say which shell runs it."""
        return {"shell": _shell(task)}


def _shell(task: Task | None) -> str:
    # The system inside is this machine's, so what is here is there.
    usual = "bash" if Path("/bin/bash").exists() else "sh"
    return f"/bin/{(task.agent_options.get('shell') if task else None) or usual}"


def _is_long(prompt: str) -> bool:
    return len(prompt.encode(errors="replace")) > ARGUMENT_LIMIT
