"""Carrying bytes between our descriptors and one command over ssh: the short way while data alone comes, else asyncssh's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import termios
from typing import Any

from parhelia_tui.core.sessions import ssh_pump

CHUNK = 1 << 16


class Channel:
    """What asyncssh calls for one command: bytes out go straight to a descriptor.

    Args:
        sink, errors: descriptors for output and errors.
    """

    def __init__(self, sink: int, errors: int) -> None:
        self._sink = sink
        self._errors = errors
        self.news = asyncio.Event()
        self.has_ended = False
        self.takes_more = True
        self.status: int | None = None
        self.tail = b""

    def connection_made(self, channel: Any) -> None:
        """It is open."""

    def session_started(self) -> None:
        """The command runs."""

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Write on; while nobody takes it, nothing more is read from the network either."""
        self.take([memoryview(data)], datatype is not None)
        self.news.set()

    def take(self, pieces: list[memoryview], are_errors: bool) -> None:
        """Write pieces on, and keep the last of them in mind."""
        self.tail = ssh_pump.last_of(self.tail, pieces)
        with contextlib.suppress(BrokenPipeError):
            for piece in pieces:
                _write_all(self._errors if are_errors else self._sink, piece)

    def eof_received(self) -> bool:
        """All output came; the status comes still."""
        return False

    def exit_status_received(self, status: int) -> None:
        """How it ended."""
        self.status = status

    def exit_signal_received(self, name: str, core: bool, message: str, language: str) -> None:
        """It was killed."""
        self.status = 137

    def connection_lost(self, error: Exception | None) -> None:
        """Over, with or without a status."""
        self.has_ended = True
        self.news.set()

    def pause_writing(self) -> None:
        """What was typed waits there still."""
        self.takes_more = False

    def resume_writing(self) -> None:
        """There is room again."""
        self.takes_more = True
        self.news.set()


class Keys:
    """Standard input: a terminal with a size that changes, a pipe, a socket or a file."""

    def __init__(self, terminal: bool) -> None:
        self._is_open = True
        self._bell, self._ring = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        if terminal:
            # No handler of the event loop, which stands still while keys and output go the short way.
            signal.signal(signal.SIGWINCH, self._rung)

    def are_there(self) -> bool:
        """Say whether keys may come still."""
        poll = select.poll()
        poll.register(0, 0)
        return self._is_open and not poll.poll(0)

    async def carry(self, connection: Any, channel: Any, session: Channel) -> None:
        """Hand on what comes, both ways, until the command has ended."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._bell, session.news.set)
        try:
            while not session.has_ended:
                self._see_to_size(channel)
                if ssh_pump.fits(connection, channel):
                    left = self._short_way(connection, channel, session)
                    # One that has ended can be read for ever, and the event loop reads only what nobody else waits for.
                    if left not in (ssh_pump.Left.QUIET, ssh_pump.Left.OVER):
                        await asyncio.sleep(0)
                        continue
                await self._long_way(channel, session)
        finally:
            loop.remove_reader(self._bell)

    def _short_way(self, connection: Any, channel: Any, session: Channel) -> ssh_pump.Left:
        keys = 0 if self._is_open else None
        left = ssh_pump.Pump(connection, channel, keys, self._bell, session.take).run()
        if left is ssh_pump.Left.KEYS:
            self._end(channel)
        return left

    async def _long_way(self, channel: Any, session: Channel) -> None:
        """Let asyncssh work until something came from there, or the size has changed."""
        loop = asyncio.get_running_loop()
        session.news.clear()
        if session.has_ended:
            return
        if self._is_open and session.takes_more:
            loop.add_reader(0, self._read, channel, session)
        try:
            await session.news.wait()
        finally:
            loop.remove_reader(0)

    def _read(self, channel: Any, session: Channel) -> None:
        try:
            data = os.read(0, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        with contextlib.suppress(OSError):
            if data:
                channel.write(data)
            else:
                self._end(channel)
        if not (self._is_open and session.takes_more):
            asyncio.get_running_loop().remove_reader(0)

    def _end(self, channel: Any) -> None:
        self._is_open = False
        with contextlib.suppress(OSError):
            channel.write_eof()

    def _rung(self, number: int, frame: object) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._ring, b".")

    def _see_to_size(self, channel: Any) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, CHUNK)
            _resize(channel)


def _resize(channel: Any) -> None:
    with contextlib.suppress(OSError, termios.error):
        rows, columns = termios.tcgetwinsize(0)
        channel.change_terminal_size(columns, rows)


def _write_all(descriptor: int, view: memoryview) -> None:
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            # A socket of the one who started us; it will be taken.
            select.select([], [descriptor], [])
