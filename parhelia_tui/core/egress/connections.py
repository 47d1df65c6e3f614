"""The open connections of one port of a container, bounded, and ended together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import h11

from parhelia_tui.core.egress.wire import Wire

MOST = 256
"""Connections at once; one more is closed."""


class Connections:
    """Owns the tasks in which connections are answered."""

    def __init__(self) -> None:
        self._open: set[asyncio.Task[None]] = set()

    async def serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Callable[[Wire], Awaitable[None]],
    ) -> None:
        """Answer one connection until it ends; runs in a task of its own, as `asyncio.Server` starts it."""
        task = asyncio.current_task()
        assert task is not None
        if len(self._open) >= MOST:
            writer.close()
            return
        self._open.add(task)
        wire = Wire(h11.SERVER, reader, writer)
        try:
            await answer(wire)
        except (OSError, h11.ProtocolError):
            # Whoever speaks something else, or goes away in the middle, gets no answer.
            pass
        finally:
            self._open.discard(task)
            wire.close()

    async def finish(self, grace_s: float) -> None:
        """Let what is open come to its end for so many seconds, and cut the rest."""
        if self._open:
            _, late = await asyncio.wait(self._open, timeout=grace_s)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)
