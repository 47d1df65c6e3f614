"""The shim's own socket (docs/architecture.md, The shim's socket)."""

from __future__ import annotations

import _socket

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import dumps, loads
from parhelia_tui.core.shim.listener import Lines, Listener, peer_user
from parhelia_tui.core.shim.loop import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LONGEST = 65536
CONNECTIONS = 32


class Caller:
    """One connection to the shim's socket."""

    def __init__(self, server: ControlServer, connection: _socket.socket) -> None:
        self._server = server
        self.lines = Lines(server.loop, connection, LONGEST, self._line, self._ended)
        self._outlet = self.lines.outlet()

    def answer(self, fields: dict[str, Any]) -> None:
        """Send one line."""
        self._outlet.write((dumps(fields) + "\n").encode("ascii"))

    def hand_over(self, greeting: dict[str, Any]) -> int:
        """Answer, and give the connection away for raw bytes."""
        self.answer(greeting)
        self._outlet.close()
        descriptor = self.lines.hand_over()
        self._server.callers.remove(self)
        return descriptor

    def close(self) -> None:
        """End the connection."""
        self.lines.close()

    def _line(self, line: bytes) -> None:
        try:
            asked = loads(line.decode("utf-8"))
            self._server.answer(self, str(asked["op"]), asked)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            self.answer({"ok": False, "error": f"not understood: {error}"})

    def _ended(self) -> None:
        self._outlet.close()
        if self in self._server.callers:
            self._server.callers.remove(self)
        self._server.on_leave(self)


class ControlServer:
    """Listens for the backend and for panes that join.

    Args:
        path: of the socket; short enough for the kernel.
        answer: called with the caller, the operation and its fields; may raise ValueError, KeyError or
            TypeError for what it does not understand.
        on_leave: called when a caller's connection has ended.
    """

    def __init__(
        self,
        loop: Loop,
        path: str,
        answer: Callable[[Caller, str, dict[str, Any]], None],
        on_leave: Callable[[Caller], None],
    ) -> None:
        self.loop = loop
        self.answer = answer
        self.on_leave = on_leave
        self.callers: list[Caller] = []
        self._listener = Listener(loop, path, 0o600, CONNECTIONS, self._connected)

    def close(self) -> None:
        """Listen no longer. Connections end with the shim, so a caller can wait for its end."""
        self._listener.close()

    def _connected(self, connection: _socket.socket) -> None:
        # The mode of the socket keeps others out; root and we are all that may come this far.
        if peer_user(connection) not in (system.geteuid(), 0) or len(self.callers) >= CONNECTIONS:
            connection.close()
            return
        self.callers.append(Caller(self, connection))
