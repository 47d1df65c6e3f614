"""The agent's side of the shim: connections from inside the container, which are not trusted."""

import os
import selectors
import socket
import time
from typing import TYPE_CHECKING

from parhelia_tui.core.shim import reports

if TYPE_CHECKING:
    from parhelia_tui.core.shim.supervisor import Supervisor

CONNECTIONS = 32
BYTES_A_TURN = 16384


class Reporters:
    """Listens at the agent's socket and writes what passes the check into the spool."""

    def __init__(self, supervisor: "Supervisor", path: str) -> None:
        self._supervisor = supervisor
        self._path = path
        self._rate = reports.Rate()
        self._open: dict[int, tuple[socket.socket, bytearray]] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(path)
        # Another user inside must be able to connect; the directory around it keeps others of this machine out.
        os.chmod(path, 0o666)
        self._listener.listen(8)
        supervisor.watch(self._listener.fileno(), selectors.EVENT_READ, self._welcome)

    @property
    def dropped(self) -> int:
        """How many reports came too fast."""
        return self._rate.dropped

    def close(self) -> None:
        """Stop listening."""
        for connection, _ in list(self._open.values()):
            connection.close()
        self._listener.close()
        try:
            os.unlink(self._path)
        except OSError:
            # The container may have removed it.
            return

    def _welcome(self, _: int) -> None:
        try:
            connection, _address = self._listener.accept()
        except OSError:
            return
        if len(self._open) >= CONNECTIONS:
            connection.close()
            return
        connection.setblocking(False)
        self._open[connection.fileno()] = (connection, bytearray())
        self._supervisor.watch(connection.fileno(), selectors.EVENT_READ, lambda _: self._read(connection))

    def _read(self, connection: socket.socket) -> None:
        _, waiting = self._open[connection.fileno()]
        try:
            data = connection.recv(BYTES_A_TURN)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        waiting += data
        while (end := waiting.find(b"\n")) >= 0:
            self._take(bytes(waiting[:end]))
            del waiting[: end + 1]
        if not data or len(waiting) > reports.LINE_LIMIT:
            self._supervisor.watch(connection.fileno(), 0, lambda _: None)
            del self._open[connection.fileno()]
            connection.close()

    def _take(self, line: bytes) -> None:
        if len(line) > reports.LINE_LIMIT or not self._rate.allows(time.monotonic()):
            return
        report = reports.checked(line)
        if report is not None:
            self._supervisor.spool.write("agent", report=report)
