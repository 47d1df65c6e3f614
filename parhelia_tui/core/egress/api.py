"""The metered API: every request of the container goes through here, with a key that the container never sees."""

from __future__ import annotations

import asyncio
import hmac
import re

import h11

from parhelia_tui.core.egress.connections import Connections
from parhelia_tui.core.egress.exchange import Exchange, Tools
from parhelia_tui.core.egress.wire import Wire, answer, error_body

MESSAGES = "/v1/messages"
# All that an agent needs. What else the provider offers can spend money that no answer tells of (batches), or
# shows what belongs to others of the same account (files).
_FREE = re.compile(r"/v1/messages/count_tokens|/v1/models(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
LARGEST_BODY = 64 << 20
"""Bytes of one request; the provider takes 32 MB."""
LARGEST_BODIES = 256 << 20
"""Bytes of all requests that are open."""


class Api:
    """Answers the container's requests.

    Args:
        tools: what each exchange works with.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._bytes = 0
        self._connections = Connections()
        self._idle: set[Wire] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        await self._connections.serve(reader, writer, self._answer)

    async def finish(self, grace_s: float) -> None:
        """Let what is open come to its end, and cut the rest."""
        for wire in self._idle:
            wire.close()
        await self._connections.finish(grace_s)

    async def _answer(self, wire: Wire) -> None:
        while await self._one(wire):
            wire.h11.start_next_cycle()

    async def _one(self, wire: Wire) -> bool:
        """Answer one request; False when the connection is to be closed."""
        self._idle.add(wire)
        try:
            request = await wire.next()
        finally:
            self._idle.discard(wire)
        if not isinstance(request, h11.Request):
            return False
        if not self._knows(request):
            await answer(
                wire, 401, error_body("authentication_error", "this is not the key of this container")
            )
        else:
            path = request.target.decode("ascii", "replace").partition("?")[0]
            metered = path == MESSAGES and request.method == b"POST"
            if metered or _FREE.fullmatch(path):
                await self._pass(wire, request, metered=metered)
            else:
                self._tools.tally.count(
                    "denied", f"{self._tools.upstream.host}{path[:200]}", "it is not metered"
                )
                words = f"{path[:200]} cannot be reached from here: only /v1/messages and /v1/models can"
                await answer(wire, 403, error_body("permission_error", words))
        return wire.h11.our_state is h11.DONE and wire.h11.their_state is h11.DONE

    def _knows(self, request: h11.Request) -> bool:
        for name, value in request.headers:
            if name == b"authorization":
                value = value.removeprefix(b"Bearer ")
            elif name != b"x-api-key":
                continue
            if hmac.compare_digest(value, self._tools.settings.virtual_key.encode()):
                return True
        return False

    async def _pass(self, wire: Wire, request: h11.Request, *, metered: bool) -> None:
        body = await self._body(wire)
        if body is None:
            await answer(wire, 413, error_body("request_too_large", "the request is too large"))
            return
        try:
            await Exchange(self._tools, wire, request, body, metered=metered).run()
        finally:
            self._bytes -= len(body)

    async def _body(self, wire: Wire) -> bytes | None:
        """Read a body; None for one that is too large. It counts from its first byte on, for it may never end."""
        body, whole = bytearray(), False
        try:
            while not isinstance(event := await wire.next(), h11.EndOfMessage):
                if not isinstance(event, h11.Data):
                    raise ConnectionError("the request was cut")
                more = len(event.data)
                if len(body) + more > LARGEST_BODY or self._bytes + more > LARGEST_BODIES:
                    return None
                body += event.data
                self._bytes += more
            whole = True
        finally:
            if not whole:
                self._bytes -= len(body)
        return bytes(body)
