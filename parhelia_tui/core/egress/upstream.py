"""Connections to the API, kept open for the next request: a TLS handshake would cost each one a round trip."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import h11

from parhelia_tui.core.egress.authorities import trusted
from parhelia_tui.core.egress.wire import Reader, Wire
from parhelia_tui.core.model.errors import ParheliaError

if TYPE_CHECKING:
    import ssl

CONNECT_S = 30.0
SILENCE_S = 600.0
"""How long the API may say nothing at all; it pings every few seconds while it thinks."""
IDLE_S = 20.0
MOST_IDLE = 16


class Unreachable(Exception):
    """The API cannot be reached, with the reason in words."""


class Upstream:
    """Where the API is.

    Args:
        url: with http or https, a host, perhaps a port, and no path.
        ca_file: authorities whose certificates count beside this machine's; empty for none.

    Raises:
        ValueError: it is no such URL.
    """

    def __init__(self, url: str, ca_file: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"{url!r} is no address of an API: https://HOST")
        self.tls = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.tls else 80)
        self.authority = parts.netloc.rpartition("@")[2].encode("ascii")
        self._idle: list[tuple[float, Wire]] = []
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None

    async def take(self) -> tuple[Wire, bool]:
        """Give a connection, and whether it was used before.

        Raises:
            Unreachable: there is no way there.
        """
        while self._idle:
            at, wire = self._idle.pop()
            if time.monotonic() - at < IDLE_S and not wire.reader.at_eof():
                return wire, True
            wire.close()
        return await self.connect(), False

    def give_back(self, wire: Wire) -> None:
        """Keep a connection for the next request, if the protocol allows it."""
        if (
            wire.h11.our_state is h11.DONE
            and wire.h11.their_state is h11.DONE
            and len(self._idle) < MOST_IDLE
            and not wire.reader.at_eof()
        ):
            wire.h11.start_next_cycle()
            self._idle.append((time.monotonic(), wire))
        else:
            wire.close()

    async def connect(self) -> Wire:
        """Open a connection. Raises Unreachable."""
        loop = asyncio.get_running_loop()
        reader = Reader(limit=1 << 18, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            async with asyncio.timeout(CONNECT_S):
                transport, _ = await loop.create_connection(
                    lambda: protocol, self.host, self.port, ssl=self._tls_context()
                )
        except ParheliaError as error:
            raise Unreachable(f"{error.message}; nothing was sent") from error
        except TimeoutError as error:
            raise Unreachable(f"{self.host} did not answer within {CONNECT_S:g} s") from error
        except OSError as error:
            refused = getattr(error, "verify_message", "")
            if refused:
                # Of ssl, which is imported only where it is used.
                why = (
                    f"the certificate of {self.host} is not accepted: {refused.rstrip('.')}; nothing was sent"
                )
                raise Unreachable(why) from error
            raise Unreachable(f"{self.host} cannot be reached: {error.strerror or error}") from error
        return Wire(h11.CLIENT, reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    async def close(self) -> None:
        """Close what is kept."""
        kept, self._idle = self._idle, []
        for _, wire in kept:
            with contextlib.suppress(OSError):
                await wire.closed()

    def _tls_context(self) -> ssl.SSLContext | None:
        if self.tls and self._context is None:
            self._context = trusted(self._ca_file)
        return self._context
