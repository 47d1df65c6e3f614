"""The controller's two sockets: a datagram wakes it, a stream asks it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.wire import LINE_LIMIT

if TYPE_CHECKING:
    from parhelia_tui.core.control.controller import Controller

DATAGRAM_LIMIT = 256


class Server:
    """Listens while its context is entered; both sockets are gone afterwards."""

    def __init__(self, paths: Paths, controller: Controller) -> None:
        self._paths = paths
        self._controller = controller
        self._stream: asyncio.Server | None = None
        self._datagrams: socket.socket | None = None

    async def __aenter__(self) -> Server:
        for path in (self._paths.controller_socket, self._paths.wake_socket):
            private_directory(path.parent)
            path.unlink(missing_ok=True)
        self._stream = await asyncio.start_unix_server(
            self._answer, self._paths.controller_socket, limit=LINE_LIMIT
        )
        self._datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._datagrams.bind(str(self._paths.wake_socket))
        asyncio.get_running_loop().add_reader(self._datagrams, self._woken)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path in (self._paths.controller_socket, self._paths.wake_socket):
            with contextlib.suppress(OSError):
                Path(path).unlink()
        if self._datagrams is not None:
            asyncio.get_running_loop().remove_reader(self._datagrams)
            self._datagrams.close()
        if self._stream is not None:
            self._stream.close()

    def _woken(self) -> None:
        """Take every datagram that lies there; each one is nothing or the id of a container with news."""
        assert self._datagrams is not None
        with contextlib.suppress(BlockingIOError):
            while True:
                about = self._datagrams.recv(DATAGRAM_LIMIT).decode("ascii", "replace")
                self._controller.wake(about)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), timeout=5.0)
            writer.write(json.dumps(self._reply(line)).encode() + b"\n")
            await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            # A front that left or sent too much; there is nobody to tell.
            pass
        finally:
            writer.close()

    def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            op = request.get("op") if isinstance(request, dict) else None
        except (ValueError, RecursionError):
            op = None
        if op == "ping":
            return {"ok": True}
        if op == "status":
            try:
                return {"ok": True, **self._controller.status()}
            except ParheliaError as error:
                return {"ok": False, "code": error.code, "error": error.message}
        if op == "key" and isinstance(request.get("value"), str):
            # Only who may act on everything else here can connect: the socket is the user's own.
            self._controller.take_key(request["value"])
            return {"ok": True}
        if op == "stop":
            self._controller.leave()
            return {"ok": True}
        return {"ok": False, "error": "unknown request"}
