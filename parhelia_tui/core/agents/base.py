"""What an agent must tell so that Parhelia can run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from parhelia_tui.core.model.records import Mount, Task


@dataclass(frozen=True, slots=True)
class Launch:
    """How an agent is started in its container.

    Args:
        command: program and arguments, as seen inside.
        env: environment beside what the backend sets.
        mounts: what it needs of this machine, read-only unless said otherwise.
    """

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()


class Agent(Protocol):
    """A program that works on a task in a container."""

    name: str
    summary: str
    conversation: str
    """The directory below the home where it keeps its talk; empty for a program that has none."""

    def check(self, prompt: str, options: Mapping[str, object]) -> None:
        """Refuse what this agent cannot be asked, before anything is stored.

        Raises:
            ParheliaError: E100 with the reason.
        """

    def prepare_home(self, home: Path, task: Task) -> None:
        """Write what the agent expects in its home directory; called once for each container."""

    def launch(self, task: Task) -> Launch:
        """Say how to start it for a task."""

    def resume(self, task: Task) -> Launch:
        """Say how to start it where the talk of an earlier attempt lies in its home."""

    def describe(self, task: Task) -> Mapping[str, str]:
        """Say what of the agent belongs to the environment of a checkpoint: its version, its model."""
