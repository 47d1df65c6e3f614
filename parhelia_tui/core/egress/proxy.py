"""The way to allowed hosts: CONNECT for HTTPS, and a clear answer to everything else."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket

import h11

from parhelia_tui.core.egress.client_hello import LONGEST, NoHello, is_whole, server_name
from parhelia_tui.core.egress.connections import Connections
from parhelia_tui.core.egress.hosts import allows, is_public, normal
from parhelia_tui.core.egress.settings import Settings
from parhelia_tui.core.egress.tally import Tally
from parhelia_tui.core.egress.wire import PIECE, Wire, answer

CONNECT_S = 30.0
GREETING_S = 30.0
PORT = 443


class Denied(Exception):
    """What is asked is not allowed, with the reason in words.

    Args:
        host: that was asked for; empty where none was.
        allowable: a person could allow it.
    """

    def __init__(self, host: str, why: str, *, allowable: bool = False) -> None:
        super().__init__(why)
        self.host = host
        self.allowable = allowable


class Proxy:
    """Answers connections of one container.

    Args:
        settings: which hosts are allowed; replaced when somebody allows another one.
    """

    def __init__(self, settings: Settings, tally: Tally) -> None:
        self.settings = settings
        self._tally = tally
        self._connections = Connections()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        await self._connections.serve(reader, writer, self._one)

    async def finish(self) -> None:
        """Cut what is open."""
        await self._connections.finish(0.0)

    async def _one(self, wire: Wire) -> None:
        request = await wire.next()
        if not isinstance(request, h11.Request):
            return
        try:
            host = self._wanted(request)
            far = await self._reach(host)
        except Denied as denied:
            self._tally.count("denied", denied.host or "?", str(denied), allowable=denied.allowable)
            words = f"Parhelia: {denied.host or 'this'} cannot be reached from here: {denied}\n"
            await answer(wire, 403, words.encode(), b"text/plain; charset=utf-8")
            return
        except OSError as error:
            words = f"Parhelia: {host} did not answer: {error.strerror or error}\n"
            await answer(wire, 502, words.encode(), b"text/plain; charset=utf-8")
            return
        try:
            await wire.send(h11.Response(status_code=200, headers=[], reason=b"Connection established"))
            await self._through(wire, host, *far)
        finally:
            far[1].close()

    def _wanted(self, request: h11.Request) -> str:
        """Give the host that may be reached. Raises Denied."""
        target = request.target.decode("ascii", "replace")
        if request.method != b"CONNECT":
            where = target.partition("://")[2].partition("/")[0].rpartition("@")[2]
            raise Denied(where[:253], "only HTTPS passes, so use an address that begins with https://")
        name, colon, port = target.rpartition(":")
        try:
            host = normal(name if colon else target)
        except (ValueError, UnicodeError) as error:
            raise Denied(target[:253], str(error)) from error
        if not colon or port != str(PORT):
            raise Denied(host, f"only port {PORT} is allowed, not {port[:10]}")
        if not allows(self.settings.allow, host):
            why = f"it is not on the list; a person can allow it: parhelia container allow {self.settings.container} {host}"
            raise Denied(host, why, allowable=True)
        return host

    async def _reach(self, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an address that may be reached; that one alone, whatever the name says a moment later.

        Raises:
            Denied: it has no such address.
            OSError: it does not answer.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise OSError(f"its name is not known ({error.strerror})") from error
        addresses = list(dict.fromkeys(ipaddress.ip_address(each[4][0]) for each in found))
        fine = [each for each in addresses if is_public(each, self.settings.allow_private)]
        if not fine:
            shown = ", ".join(map(str, addresses[:3]))
            raise Denied(host, f"its address {shown} is not a public one; network.allow_private may allow it")
        last: OSError = OSError("it has no address")
        for address in fine[:4]:
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(str(address), PORT)
            except OSError as error:
                last = error
        raise last

    async def _through(
        self, wire: Wire, host: str, far_reader: asyncio.StreamReader, far_writer: asyncio.StreamWriter
    ) -> None:
        # What came behind the head belongs to the other side already.
        data, _ = wire.h11.trailing_data
        try:
            async with asyncio.timeout(GREETING_S):
                while not is_whole(data):
                    piece = await wire.reader.read(PIECE)
                    if not piece or len(data) > LONGEST:
                        raise NoHello("it did not greet")
                    data += piece
            if normal(server_name(data)) != host:
                raise NoHello("it greets another host")
        except (NoHello, TimeoutError, UnicodeError) as error:
            self._tally.count("denied", host, f"the connection was cut: {str(error) or 'it said nothing'}")
            return
        self._tally.count("called", host)
        far_writer.write(data)
        await far_writer.drain()
        ways = [
            asyncio.create_task(_pump(wire.reader, far_writer)),
            asyncio.create_task(_pump(far_reader, wire.writer)),
        ]
        try:
            await asyncio.gather(*ways)
        finally:
            for each in ways:
                each.cancel()
            await asyncio.gather(*ways, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes until their end, and hand that on."""
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
