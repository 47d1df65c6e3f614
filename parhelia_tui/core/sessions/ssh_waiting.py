"""A person's terminal while there is no connection: what is waited for is said, and a key leaves."""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import Awaitable
from typing import Any, TypeVar

SAY_AFTER_S = 0.7
"""Seconds after which it is said; a connection is there before that as a rule."""
CLEAN = b"\x1b[H\x1b[2J"
_LEAVE = (b"\x11", b"\x03")
LEAVES = "Ctrl+Q leaves"
_LAST_LINE = b"\x1b7\x1b[999;1H\x1b[7m %s \x1b[0m\x1b[K\x1b8"
_CHUNK = 1 << 16

T = TypeVar("T")


class Left(Exception):
    """The person does not want to wait: Ctrl+Q, Ctrl+C, or the terminal is gone."""


class Waiting:
    """What happens at the terminal, which is raw, as long as keys go nowhere.

    Args:
        name: what is connected to.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._typed = b""
        self.has_said = False
        """Something of ours stands on the screen."""

    async def during(self, work: Awaitable[T], *, again: bool) -> T:
        """Wait for something.

        Args:
            again: there was a connection, whose last picture stays.

        Raises:
            Left: the person leaves; what is waited for is cancelled.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        left: asyncio.Future[None] = loop.create_future()
        loop.add_reader(0, self._read, left)
        timer = loop.call_later(SAY_AFTER_S, self._say, again)
        try:
            either: tuple[asyncio.Future[Any], ...] = (task, left)
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Left
            return await task
        finally:
            loop.remove_reader(0)
            timer.cancel()
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def typed(self) -> bytes:
        """Give what was typed meanwhile, once."""
        typed, self._typed = self._typed, b""
        return typed

    def _read(self, left: asyncio.Future[None]) -> None:
        try:
            data = os.read(0, _CHUNK)
        except OSError:
            data = b""
        if not data or any(key in data for key in _LEAVE):
            asyncio.get_running_loop().remove_reader(0)
            if not left.done():
                left.set_result(None)
        else:
            self._typed += data

    def _say(self, again: bool) -> None:
        what = "The connection broke; connecting again" if again else f"Connecting to {self._name}"
        columns = termios.tcgetwinsize(1)[1]
        os.write(1, (b"" if again else CLEAN) + _LAST_LINE % _fitted(what, columns).encode())
        self.has_said = True


def _fitted(what: str, columns: int) -> str:
    """Say what is waited for and how it is left; where there is not room for both, the key alone stays whole."""
    # A blank before and behind; what goes beyond the line would scroll the screen.
    room = columns - 2 - len(f" ...  {LEAVES}")
    if room >= len(what):
        return f"{what} ...  {LEAVES}"
    return f"{what[:room]} ...  {LEAVES}" if room > 0 else LEAVES
