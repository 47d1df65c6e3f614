"""The socket on which an agent reports. Everything that comes in here may be an attack."""

from __future__ import annotations

import _socket

from parhelia_tui.core.shim.listener import Lines, Listener
from parhelia_tui.core.shim.loop import Loop
from parhelia_tui.core.shim.reports import LONGEST, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

A_SECOND = 50
"""Reports that are taken in one second; more are dropped and counted."""
CONNECTIONS = 16
"""Connections at the same time; a further one is closed at once."""
CONNECTS_A_SECOND = 100
BYTES_A_SECOND = 1024 * 1024
"""What is read in one second; then the senders wait, so that a flood costs the host nothing."""
ALTOGETHER = 64 * 1024 * 1024
"""Bytes of reports that one container may bring into its spool."""


class ReportServer:
    """Takes reports, so many and no more.

    Args:
        path: of the socket, relative to the working directory.
        on_report: gets each checked report.
    """

    def __init__(self, loop: Loop, path: str, on_report: Callable[[dict[str, Any]], None]) -> None:
        self._loop = loop
        self._on_report = on_report
        self._connections: list[Lines] = []
        self._taken = 0
        self._connects = 0
        self._read = 0
        self._bytes = 0
        self._counting = False
        self.dropped = 0
        self._listener = Listener(loop, path, 0o600, CONNECTIONS, self._connected)

    def close(self) -> None:
        """Take nothing any more."""
        self._loop.cancel("reports")
        self._listener.close()
        for each in list(self._connections):
            each.close()

    def _connected(self, connection: _socket.socket) -> None:
        self._count()
        self._connects += 1
        if self._connects >= CONNECTS_A_SECOND:
            self._listener.pause()
        if len(self._connections) >= CONNECTIONS:
            connection.close()
            self.dropped += 1
            return
        lines = Lines(self._loop, connection, LONGEST, self._line, self._forget)
        self._connections.append(lines)

    def _forget(self) -> None:
        self._connections = [each for each in self._connections if each.open]

    def _line(self, line: bytes) -> None:
        self._count()
        self._read += len(line) + 1
        if self._read > BYTES_A_SECOND:
            for each in self._connections:
                each.pause()
        if self._taken >= A_SECOND or self._bytes + len(line) > ALTOGETHER:
            self.dropped += 1
            return
        # A line without form costs as much to read as one with it, so it counts as much.
        self._taken += 1
        report = parse(line)
        if report is None:
            self.dropped += 1
            return
        self._bytes += len(line)
        self._on_report(report)

    def _count(self) -> None:
        """Begin to count a second, if none is being counted."""
        if not self._counting:
            self._counting = True
            self._loop.after("reports", 1.0, self._next_second)

    def _next_second(self) -> None:
        self._counting = False
        self._taken = self._connects = self._read = 0
        self._listener.resume()
        for each in self._connections:
            each.resume()
