"""The socket on which an agent reports. Everything that comes in here may be an attack."""

from __future__ import annotations

import _socket

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.asks import Asks
from parhelia_tui.core.shim.listener import Lines, Listener
from parhelia_tui.core.shim.loop import Loop
from parhelia_tui.core.shim.reports import LONGEST, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

A_SECOND = 50
"""Reports that are taken in one second; more are dropped and counted."""
CONNECTIONS = 64
"""Connections at the same time; a further one is closed at once. Half of them may wait for answers (asks.py)."""
CONNECTS_A_SECOND = 100
BYTES_A_SECOND = 1024 * 1024
READS_A_SECOND = 2000
"""What is read in one second; then the senders wait, so that a flood costs the host nothing."""
ASKS_A_SECOND = 10
"""Questions that are taken although other reports filled the second: who asks would wait for ever."""
LINES_A_SECOND = 20 * A_SECOND
"""Lines of one connection; who sends more reports nothing, and what it still has to say is not read."""
KEPT = b'{"kept": true}\n'
ALTOGETHER = 64 * 1024 * 1024
"""Bytes of reports that one container may bring into its spool."""


class ReportServer:
    """Takes reports, so many and no more.

    Args:
        path: of the socket, relative to the working directory.
        on_report: gets each checked report, but those that are questions.
        record: writes a record of a type into the spool; False when it could not.
    """

    def __init__(
        self,
        loop: Loop,
        path: str,
        on_report: Callable[[dict[str, Any]], None],
        record: Callable[[str, dict[str, Any]], bool],
    ) -> None:
        self.loop = loop
        self._on_report = on_report
        self.asks = Asks(record, loop.after)
        self._senders: list[_Sender] = []
        self._waiting: list[_Sender] = []
        self._taken = 0
        self._asked = 0
        self._connects = 0
        self._reads = 0
        self._read = 0
        self._bytes = 0
        self._counting = False
        self.dropped = 0
        # The private directory around it says who may come; the agent may be another user than we are.
        self._listener = Listener(loop, path, 0o666, CONNECTIONS, self._connected)

    def close(self) -> None:
        """Take nothing any more."""
        self.loop.cancel("reports")
        self.asks.close()
        self._listener.close()
        for each in list(self._senders):
            each.lines.close()

    def drain(self) -> None:
        """Take what was sent before all senders ended; else the last report of a short program would be lost."""
        self._listener.take_waiting(CONNECTIONS)
        for each in list(self._senders):
            each.lines.read_rest(BYTES_A_SECOND)

    def came(self, size: int) -> None:
        """Count what is read, also of a line that never ends."""
        self._count()
        self._reads += 1
        self._read += size
        if self._read > BYTES_A_SECOND or self._reads > READS_A_SECOND:
            for each in self._senders:
                each.lines.pause()

    def answer(self) -> None:
        """Tell those who wait before a risky step that what there is has been kept."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.send(KEPT)

    def take(self, line: bytes, sender: _Sender) -> None:
        """Take a report, or drop what is none or too much."""
        full = self._taken >= A_SECOND and not (b'"approval"' in line and self._asked < ASKS_A_SECOND)
        if full or self._bytes + len(line) > ALTOGETHER:
            self.dropped += 1
            return
        # A line without form costs as much to read as one with it, so it counts as much.
        self._taken += 1
        report = parse(line)
        if report is None:
            self.dropped += 1
            return
        self._bytes += len(line)
        if report["type"] == "approval":
            self._asked += 1
            self.asks.ask(sender, report)
            return
        if report["type"] == "risky" and sender not in self._waiting:
            self._waiting.append(sender)
        self._on_report(report)

    def forget(self, sender: _Sender) -> None:
        """A connection is over."""
        self._senders.remove(sender)
        self.asks.left(sender)
        if sender in self._waiting:
            self._waiting.remove(sender)

    def _connected(self, connection: _socket.socket) -> None:
        self._count()
        self._connects += 1
        if self._connects >= CONNECTS_A_SECOND:
            self._listener.pause()
        if len(self._senders) >= CONNECTIONS:
            connection.close()
            self.dropped += 1
            return
        self._senders.append(_Sender(self, connection))

    def _count(self) -> None:
        """Begin to count a second, if none is being counted."""
        if not self._counting:
            self._counting = True
            self.loop.after("reports", 1.0, self._next_second)

    def _next_second(self) -> None:
        self._counting = False
        self._taken = self._asked = self._connects = self._reads = self._read = 0
        self._listener.resume()
        for each in self._senders:
            each.count = 0
            each.lines.resume()


class _Sender:
    """One connection, and how many lines it has sent in this second."""

    def __init__(self, server: ReportServer, connection: _socket.socket) -> None:
        self._server = server
        self.count = 0
        self.lines = Lines(
            server.loop, connection, LONGEST, self._line, lambda: server.forget(self), server.came
        )

    def _line(self, line: bytes) -> None:
        self.count += 1
        if self.count > LINES_A_SECOND:
            self._server.dropped += 1
            self.lines.close()
        else:
            self._server.take(line, self)

    def send(self, line: bytes) -> bool:
        """Send a line that the sender waits for; one that does not read goes without."""
        if not self.lines.open:
            return False
        try:
            whole = system.write(self.lines.descriptor, line) == len(line)
        except OSError:
            whole = False
        if not whole:
            self.lines.close()
        return whole
