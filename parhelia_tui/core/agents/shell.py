"""The agent `shell`: the prompt is a command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from parhelia_tui.core.agents.base import Launch
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task

ARGUMENT_LIMIT = 100_000
"""Bytes. The kernel takes 131,072 for one argument (execve(2), MAX_ARG_STRLEN); what is longer goes into a file."""
SCRIPT = ".parhelia-command"
SHELLS = {"bash": "/bin/bash", "sh": "/bin/sh"}


class ShellAgent:
    """Runs one command line with bash, or with sh on request."""

    name = "shell"
    summary = "runs a command line"

    def check(self, prompt: str, options: Mapping[str, object]) -> None:
        """Refuse unknown options. Raises E100."""
        unknown = sorted(set(options) - {"shell"})
        if unknown:
            raise ParheliaError(
                "E100", f"the agent shell knows no option {', '.join(unknown)}; it knows shell"
            )
        if options.get("shell", "bash") not in SHELLS:
            raise ParheliaError("E100", f"shell must be one of {', '.join(SHELLS)}")

    def prepare_home(self, home: Path, task: Task) -> None:
        """Write a command that is too long for an argument into a file."""
        if _is_long(task.prompt):
            script = home / SCRIPT
            script.write_text(task.prompt + "\n", encoding="utf-8")
            script.chmod(0o600)

    def launch(self, task: Task) -> Launch:
        """Give the shell the command, or the file that holds it."""
        shell = SHELLS[str(task.agent_options.get("shell", "bash"))]
        if _is_long(task.prompt):
            return Launch(["/bin/sh", "-c", f'exec {shell} "$HOME/{SCRIPT}"'])
        return Launch([shell, "-c", task.prompt])


def _is_long(prompt: str) -> bool:
    return len(prompt.encode()) > ARGUMENT_LIMIT
