"""One HTTP/1.1 connection: h11, which knows the protocol, over asyncio's streams, which move the bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from typing import Any

import h11

LONGEST_HEAD = 256 * 1024
PIECE = 65536
# What belongs to one connection and is never passed on (RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"te", b"trailer"),
        *(b"upgrade", b"proxy-authenticate", b"proxy-authorization"),
    )
)

Headers = list[tuple[bytes, bytes]]


class Reader(asyncio.StreamReader):
    """Tells at once that the other side has left, also while nobody reads."""

    on_left: Callable[[], None] | None = None

    def feed_eof(self) -> None:
        super().feed_eof()
        self._left()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self._left()

    def _left(self) -> None:
        if self.on_left is not None:
            self.on_left()


class Wire:
    """One connection, on the side of the server or of the client."""

    def __init__(
        self,
        role: type[h11.CLIENT] | type[h11.SERVER],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.h11 = h11.Connection(role, max_incomplete_event_size=LONGEST_HEAD)
        self.reader = reader
        self.writer = writer

    async def next(self) -> Any:
        """Wait for the next event of the protocol.

        Raises:
            h11.RemoteProtocolError, OSError: the other side broke the protocol or the connection.
        """
        while True:
            event = self.h11.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self.h11.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self.h11.receive_data(await self.reader.read(PIECE))

    async def send(self, *events: Any) -> None:
        """Send events, and wait while the other side does not take them.

        Raises:
            OSError: the connection is gone.
        """
        for event in events:
            data = self.h11.send(event)
            if data:
                self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """Close the connection; what was written still goes out."""
        self.writer.close()

    async def closed(self) -> None:
        """Close the connection and wait until it is."""
        self.writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self.writer.wait_closed()


def passed_on(headers: Iterable[tuple[bytes, bytes]], without: Iterable[bytes] = ()) -> Headers:
    """Give the headers that go through: all but those of this one connection, those that it names, and `without`."""
    own = set(HOP_BY_HOP)
    own.update(without)
    pairs = list(headers)
    for name, value in pairs:
        if name == b"connection":
            own.update(word.strip().lower() for word in value.split(b","))
    return [(name, value) for name, value in pairs if name not in own]


def error_body(kind: str, message: str) -> bytes:
    """Give an error in the form of the provider's own."""
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


async def answer(wire: Wire, status: int, body: bytes, content_type: bytes = b"application/json") -> None:
    """Answer a request with a whole body."""
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    if wire.h11.their_state is not h11.DONE:
        # What it still sends is not read, so the connection cannot be used again.
        headers.append((b"connection", b"close"))
    await wire.send(
        h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()
    )
