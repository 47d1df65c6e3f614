"""Telling the supervisor, as JSON lines on its socket; what it does not take is dropped, never waited for."""

from __future__ import annotations

import collections
import hashlib
import json
import os
import socket
import time
from collections.abc import Callable
from typing import Any

RATE = 40
"""Reports in any second. The supervisor drops what is above 50, so that a burst would lose the last word."""
LONGEST = 900
"""Characters of a text."""
PATIENCE_S = 5.0


class Reports:
    """Sends reports; where there is no socket, it does nothing.

    Args:
        path: the socket, None where the environment names none.
        wait: waits so many seconds, or somewhat less; called where reports come faster than they are taken.
    """

    def __init__(self, path: str | None, wait: Callable[[float], Any] = time.sleep) -> None:
        self._path = path
        self._wait = wait
        self._connection: socket.socket | None = None
        self._sent: collections.deque[float] = collections.deque(maxlen=RATE)

    def send(self, report: dict[str, Any]) -> bool:
        """Send one; False where it could not be."""
        if not self._path:
            return False
        if len(self._sent) == RATE:
            while (due := self._sent[0] + 1.0 - time.monotonic()) > 0:
                self._wait(due)
        line = json.dumps({name: short(value) for name, value in report.items()}).encode() + b"\n"
        for _ in range(2):
            try:
                self._connected(self._path).sendall(line)
            except OSError:
                # Hung up by the other side, which may listen again; else this report is not wanted.
                self._hang_up()
            else:
                self._sent.append(time.monotonic())
                return True
        return False

    def prompt(self, text: str) -> None:
        """Tell that a prompt was taken: not its words, only what tells it from others."""
        words = " ".join(text.split()).encode("utf-8", "replace")
        self.send({"type": "prompt", "digest": hashlib.sha256(words).hexdigest()[:32]})

    def close(self) -> None:
        """Hang up, and wait until the other side has read it all: it may end as soon as this process does."""
        if self._connection is None:
            return
        try:
            self._connection.settimeout(1.0)
            self._connection.shutdown(socket.SHUT_WR)
            while self._connection.recv(512):
                pass
        except OSError:
            # It is gone, or does not hang up; then there is nothing to wait for.
            pass
        self._hang_up()

    def _connected(self, path: str) -> socket.socket:
        if self._connection is None:
            self._connection = socket.socket(socket.AF_UNIX)
            self._connection.settimeout(PATIENCE_S)
            self._connection.connect(os.fsencode(path))
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def short(value: Any) -> Any:
    """A text that fits into a report, without halves of characters."""
    if not isinstance(value, str):
        return value
    return value[:LONGEST].encode("utf-8", "replace").decode("utf-8")
