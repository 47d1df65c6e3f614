"""What hooks laid down, in the order of their coming."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from .ask import MARK

LONGEST = 64 * 1024 * 1024
"""Bytes of an event that is read; tools take files as their input."""


class Hooks:
    """The directory in which hooks leave their events.

    Args:
        directory: with a pipe `wake` in it.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self.latest_ns = 0
        """When the newest of what was taken was laid down."""
        # For reading and writing: it never ends, and whoever writes never waits for us.
        self.descriptor = os.open(os.path.join(directory, "wake"), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def take(self) -> list[dict[str, Any]]:
        """Take what has come."""
        try:
            while os.read(self.descriptor, 4096):
                pass
        except BlockingIOError:
            pass
        found = []
        for came_ns, path in self._came():
            self.latest_ns = max(self.latest_ns, came_ns)
            event = _read(path)
            os.unlink(path)
            if event is not None:
                found.append(event)
        return found

    def withdraw(self, before_ns: int) -> None:
        """End the hooks that still ask somebody elsewhere what was answered in the terminal.

        Args:
            before_ns: when the agent was seen to go on; what was asked later is open.
        """
        for name in os.listdir(self._directory):
            number = name[len(MARK) :]
            if name.startswith(MARK) and number.isdigit():
                path = os.path.join(self._directory, name)
                try:
                    if os.stat(path).st_mtime_ns >= before_ns:
                        continue
                    os.kill(int(number), signal.SIGTERM)
                    os.unlink(path)
                except OSError:
                    # It has ended by itself.
                    continue

    def _came(self) -> list[tuple[int, str]]:
        try:
            with os.scandir(self._directory) as entries:
                return sorted(
                    (each.stat().st_mtime_ns, each.path) for each in entries if each.name.endswith(".json")
                )
        except OSError:
            return []


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            event = json.loads(file.read(LONGEST).decode("utf-8", "replace"))
    except (OSError, ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None
