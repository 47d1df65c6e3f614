"""The agent's own word of its state: `~/.claude/sessions/<pid>.json`, written anew at each change."""

from __future__ import annotations

import json
import os
from typing import Any


class SessionFile:
    """The file of one process.

    Args:
        directory: `~/.claude/sessions`.
        pid: of the agent.
    """

    def __init__(self, directory: str, pid: int) -> None:
        self._path = os.path.join(directory, f"{pid}.json")
        self.written_ns = 0
        """When what was seen last was written, by the file's clock."""

    def newer(self) -> bool:
        """Say whether it was written since the last look."""
        try:
            written = os.stat(self._path).st_mtime_ns
        except OSError:
            return False
        changed, self.written_ns = written != self.written_ns, written
        return changed

    def read(self) -> dict[str, Any]:
        """What it says; empty where it cannot be read just now."""
        try:
            with open(self._path, "rb") as file:
                said = json.loads(file.read(1_000_000).decode("utf-8", "replace"))
        except (OSError, ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}
