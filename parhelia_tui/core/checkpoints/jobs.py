"""What a worker can be asked: plain values that cross to a process of its own and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Subject:
    """What a checkpoint is of.

    Args:
        workspace: the directory.
        home: the agent's home; None where there was none.
        talk: the directory below it where the agent keeps its talk; empty where it keeps none.
        supervisor: socket of the container's supervisor; None where nothing runs.
        previous, previous_conversation: trees to compare with; empty for none.
        ignore: lines in the form of .gitignore, beside those of the workspace's own file.
    """

    workspace: Path
    home: Path | None = None
    talk: str = ""
    supervisor: Path | None = None
    previous: str = ""
    previous_conversation: str = ""
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken: the columns of a checkpoint."""

    tree: str
    conversation: str
    files: int
    bytes: int
    changed_files: int
    added_bytes: int
    skipped: list[str] = field(default_factory=list)
    pause_s: float = 0.0
    took_s: float = 0.0
    git: dict[str, object] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
