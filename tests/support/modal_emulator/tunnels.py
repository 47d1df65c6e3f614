"""Plain TCP tunnels to the ports of a sandbox."""

from __future__ import annotations

import asyncio
import contextlib

from tests.support.modal_emulator.box import Box
from tests.support.modal_emulator.joining import join


class Tunnel:
    """Listens on loopback and joins each connection with a port inside."""

    def __init__(self, box: Box, port: int) -> None:
        self._box = box
        self._port = port
        self._server: asyncio.Server | None = None
        self._joined: set[asyncio.Task[None]] = set()
        self.address = ("", 0)

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = (host, port)

    def cut(self) -> None:
        """End the connections there are; new ones are taken still."""
        for each in self._joined:
            each.cancel()

    async def close(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._joined, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._joined.add(task)
        self._box.busy += 1
        try:
            inside = await self._box.connect(self._port)
            if inside is None:
                return
            await join((reader, writer), await asyncio.open_connection(sock=inside))
        except (ConnectionError, asyncio.CancelledError):
            # Cut by order, or the sandbox has ended.
            return
        finally:
            self._box.busy -= 1
            self._joined.discard(task)
            with contextlib.suppress(Exception):
                writer.close()
