"""Telling the supervisor about state, progress and tokens, as JSON lines on its socket."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import json
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any

RATE = 40
"""Reports in any second. The supervisor drops what is above 50, so that a burst would lose the last word."""

PATIENCE_S = 5.0
KEPT_S = 30.0
"""How long a checkpoint is waited for before a risky step."""


class Reports:
    """Sends reports; where there is no socket, it does nothing.

    Args:
        path: the socket, None where the environment names none.
        wait: waits so many seconds.
    """

    def __init__(self, path: str | None, wait: Callable[[float], Any]) -> None:
        self._path = path
        self._wait = wait
        self._connection: socket.socket | None = None
        self._asked = 0
        self._sent: collections.deque[float] = collections.deque(maxlen=RATE)

    def state(self, state: str, message: str) -> None:
        """Tell the state: working, waiting (message is the question), done or error."""
        self._send({"type": "state", "state": state, "message": message})

    def progress(self, message: str, percent: float | None = None) -> None:
        """Tell what is being done, and how much of all of it is done, from 0 to 100."""
        self._send({"type": "progress", "message": message, "percent": percent})

    def risky(self, message: str) -> None:
        """Say what is about to be done, and wait until all that there is has been kept, or long enough."""
        self._send({"type": "risky", "message": message})
        if self._connection is None:
            return
        end = time.monotonic() + KEPT_S
        while time.monotonic() < end:
            if select.select([self._connection], [], [], 0)[0]:
                # The line, or the end of the connection: in both cases there is nothing more to wait for.
                with contextlib.suppress(OSError):
                    self._connection.recv(512)
                return
            self._wait(0.02)

    def ask(self, kind: str, tool: str, given: dict[str, Any], message: str) -> socket.socket | None:
        """Ask a person.

        Returns:
            A connection on which the answer comes as one JSON line, and whose end takes the question back; None
            where nobody listens.
        """
        if not self._path:
            return None
        self._asked += 1
        report = {
            "type": "approval",
            "id": f"demo-{self._asked}",
            "kind": kind,
            "tool": tool,
            "input": given,
            "message": message,
        }
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(os.fsencode(self._path))
            connection.sendall(json.dumps(report).encode() + b"\n")
        except OSError:
            connection.close()
            return None
        return connection

    def prompt(self, text: str) -> None:
        """Tell that a prompt was taken: not its words, only what tells it from others."""
        words = " ".join(text.split()).encode("utf-8", "replace")
        self._send({"type": "prompt", "digest": hashlib.sha256(words).hexdigest()[:32]})

    def usage(self, model: str, spent_in: int, spent_out: int, usd: float) -> None:
        """Tell the tokens of one answer and their price in USD."""
        self._send(
            {
                "type": "usage",
                "model": model,
                "input_tokens": spent_in,
                "output_tokens": spent_out,
                "cost_usd": usd,
            }
        )

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

    def _send(self, report: dict[str, Any]) -> None:
        if not self._path:
            return
        if len(self._sent) == RATE:
            while (due := self._sent[0] + 1.0 - time.monotonic()) > 0:
                self._wait(due)
        line = json.dumps(report).encode() + b"\n"
        for _ in range(2):
            try:
                self._connected(self._path).sendall(line)
            except OSError:
                # Hung up by the other side, which may listen again; else this report is not wanted.
                self._hang_up()
            else:
                self._sent.append(time.monotonic())
                return

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
