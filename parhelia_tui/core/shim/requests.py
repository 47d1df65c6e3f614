"""The host's side of the shim: the controller and new panes ask here."""

import contextlib
import json
import os
import selectors
import socket
import struct
from typing import TYPE_CHECKING

from parhelia_tui.core.shim.terminal import CHUNK, Pipe

if TYPE_CHECKING:
    from parhelia_tui.core.shim.supervisor import Supervisor

LINE_LIMIT = 65536


class Requests:
    """Listens at the shim's socket: status, terminate, join, resize and news of further sessions."""

    def __init__(self, supervisor: "Supervisor", path: str) -> None:
        self._supervisor = supervisor
        self._path = path
        self._asking: dict[int, tuple[socket.socket, bytearray]] = {}
        self._viewers: dict[int, tuple[socket.socket, Pipe]] = {}
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(path)
        os.chmod(path, 0o600)
        self._listener.listen(8)
        supervisor.watch(self._listener.fileno(), selectors.EVENT_READ, self._welcome)

    def show(self, data: bytes) -> None:
        """Give the panes that joined what the agent printed; one that cannot follow is left behind."""
        for number, (_, pipe) in list(self._viewers.items()):
            if not pipe.put(data) or pipe.full:
                self._leave(number)
            elif pipe.waiting:
                self._watch_viewer(number)

    def close(self) -> None:
        """Stop listening and let every connection go."""
        for number, (_, pipe) in list(self._viewers.items()):
            pipe.flush()
            self._leave(number)
        for connection, _ in self._asking.values():
            connection.close()
        self._listener.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def _welcome(self, _: int) -> None:
        try:
            connection, _address = self._listener.accept()
        except OSError:
            return
        # pid, uid, gid of the other side (unix(7), SO_PEERCRED).
        asked_by = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if asked_by not in (0, os.geteuid()):
            connection.close()
            return
        connection.setblocking(False)
        self._asking[connection.fileno()] = (connection, bytearray())
        self._supervisor.watch(connection.fileno(), selectors.EVENT_READ, lambda _: self._read(connection))

    def _read(self, connection: socket.socket) -> None:
        number = connection.fileno()
        _, waiting = self._asking[number]
        try:
            data = connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        waiting += data
        line, found, rest = bytes(waiting).partition(b"\n")
        if not found and data and len(waiting) <= LINE_LIMIT:
            return
        del self._asking[number]
        self._supervisor.watch(number, 0, lambda _: None)
        reply = self._reply(line) if found else {"ok": False, "error": "no request"}
        with contextlib.suppress(OSError):
            connection.sendall(json.dumps(reply).encode() + b"\n")
        if reply.get("joined"):
            self._join(connection, rest)
        else:
            connection.close()

    def _reply(self, line: bytes) -> dict:  # type: ignore[type-arg]
        try:
            request = json.loads(line)
            op = request["op"]
            if op == "status":
                return {"ok": True, **self._supervisor.status()}
            if op == "terminate":
                self._supervisor.end("terminated", str(request["reason"]), float(request["grace_s"]))
                return {"ok": True}
            if op in ("join", "resize"):
                self._supervisor.resize(int(request["rows"]), int(request["cols"]))
                return {"ok": True, "joined": op == "join"}
            if op == "session_started":
                self._supervisor.spool.write("session_started", name=str(request["name"]))
                return {"ok": True}
            if op == "session_ended":
                code = int(request["exit_code"])
                self._supervisor.spool.write("session_ended", name=str(request["name"]), exit_code=code)
                return {"ok": True}
        except (ValueError, KeyError, TypeError) as error:
            return {"ok": False, "error": f"not a request: {error}"}
        return {"ok": False, "error": "unknown request"}

    def _join(self, connection: socket.socket, typed: bytes) -> None:
        number = connection.fileno()
        self._viewers[number] = (connection, Pipe(number, limit=1 << 20))
        if typed:
            self._supervisor.type_in(typed)
        self._viewers[number][1].put(self._supervisor.output.replay())
        self._watch_viewer(number)

    def _watch_viewer(self, number: int) -> None:
        if number in self._viewers:
            wanted = selectors.EVENT_READ
            if self._viewers[number][1].waiting:
                wanted |= selectors.EVENT_WRITE
            self._supervisor.watch(number, wanted, lambda events: self._viewer_ready(number, events))

    def _viewer_ready(self, number: int, events: int) -> None:
        connection, pipe = self._viewers[number]
        if events & selectors.EVENT_WRITE and not pipe.flush():
            self._leave(number)
            return
        if events & selectors.EVENT_READ:
            try:
                data = connection.recv(CHUNK)
            except BlockingIOError:
                data = None
            except OSError:
                data = b""
            if data == b"":
                self._leave(number)
                return
            if data:
                self._supervisor.type_in(data)
        self._watch_viewer(number)

    def _leave(self, number: int) -> None:
        self._supervisor.watch(number, 0, lambda _: None)
        connection, _ = self._viewers.pop(number)
        connection.close()
