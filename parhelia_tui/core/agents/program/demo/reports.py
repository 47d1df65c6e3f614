"""What the demo agent tells the supervisor: state, progress, tokens, and its questions."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import time
from typing import Any

from ..reports import Reports

KEPT_S = 30.0
"""How long a checkpoint is waited for before a risky step."""


class DemoReports(Reports):
    """Reports in the demo agent's words; `wait` is where its signals are met.

    Args:
        path, wait: as for `Reports`.
    """

    _asked = 0

    def state(self, state: str, message: str) -> None:
        """Tell the state: working, waiting (message is the question), done or error."""
        self.send({"type": "state", "state": state, "message": message})

    def progress(self, message: str, percent: float | None = None) -> None:
        """Tell what is being done, and how much of all of it is done, from 0 to 100."""
        self.send({"type": "progress", "message": message, "percent": percent})

    def risky(self, message: str) -> None:
        """Say what is about to be done, and wait until all that there is has been kept, or long enough."""
        self.send({"type": "risky", "message": message})
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

    def usage(self, model: str, spent_in: int, spent_out: int, usd: float) -> None:
        """Tell the tokens of one answer and their price in USD."""
        self.send(
            {
                "type": "usage",
                "model": model,
                "input_tokens": spent_in,
                "output_tokens": spent_out,
                "cost_usd": usd,
            }
        )
