"""One control-mode client of a tmux server: commands and their replies over one open connection."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from parhelia_tui.core.backends.base import Endpoint, SshEndpoint, TmuxEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.sessions.control_protocol import ControlParser, Notice, Output, Reply
from parhelia_tui.core.sessions.tmux_client import (
    client_command,
    client_environment,
    refusal,
    server_gone,
    session_target,
    tmux_missing,
)

REPLY_DEADLINE_S = 5.0
FAR_DEADLINE_S = 25.0
STOP_DEADLINE_S = 1.0
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Command:
    """One tmux command.

    Args:
        words: the command and its arguments, not yet quoted.
        least_lines: how many lines its reply has at the least (see `ControlParser`), given the replies to
            the commands before it in the same exchange; asked when the reply begins.
    """

    words: tuple[str, ...]
    least_lines: Callable[[Sequence[Reply]], int] = lambda _: 0

    def line(self) -> str:
        """Write it for tmux's parser: in single quotes nothing is special but the quote itself.

        Raises:
            ParheliaError: E100 for a word that would not stay on its line.
        """
        if any(character in word for word in self.words for character in "\n\r\0"):
            raise ParheliaError("E100", "a tmux command cannot hold a line break")
        return " ".join("'" + word.replace("'", "'\\''") + "'" for word in self.words)


@dataclass(slots=True)
class _Exchange:
    commands: Sequence[Command]
    answered: asyncio.Future[list[Reply]]
    replies: list[Reply] = field(default_factory=list)


class ControlClient:
    """A client in control mode that never counts for the size of a window.

    Two processes are needed. tmux stops reading a pane while every client that is attached is a control
    client that takes no more output (server_client_check_pane_buffer in server-client.c): measured, a
    watcher that is stopped (Ctrl+Z) froze a program that printed 100 MB for as long as it was stopped. A
    second client that asks for no output never counts as full, so with it beside ours the pane is always
    read; `pause-after` then lets tmux forget what we do not take.

    Args:
        endpoint: the session to attach to.
        heard: called for each notification, in order, from the event loop; it must not block. The last one
            is `exit`, also when the connection broke.
    """

    def __init__(self, endpoint: Endpoint, heard: Callable[[Output | Notice], None]) -> None:
        self._endpoint = endpoint
        self._heard = heard
        self._parser = ControlParser(self._expected_lines)
        self._waiting: deque[_Exchange] = deque()
        self._processes: list[asyncio.subprocess.Process] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._input: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._attached: asyncio.Future[Reply] | None = None
        self.ended = asyncio.Event()
        """Set when the client is attached no more, for whatever reason."""

    async def start(self) -> None:
        """Attach.

        Raises:
            ParheliaError: E601 when the server is gone, E200 when it has no such session, E500 without tmux.
        """
        self._attached = asyncio.get_running_loop().create_future()
        try:
            await self._spawn("ignore-size,no-output", listens=False)
            reader, self._input = await self._spawn("ignore-size,pause-after=1", listens=True)
            self._tasks.append(asyncio.create_task(self._read(reader), name="tmux control client"))
            far = isinstance(self._endpoint, SshEndpoint)
            async with asyncio.timeout(FAR_DEADLINE_S if far else REPLY_DEADLINE_S):
                reply = await self._attached
        except TimeoutError:
            await self.stop()
            raise server_gone(self._endpoint, "no answer") from None
        except BaseException:
            await self.stop()
            raise
        if reply.failed:
            await self.stop()
            raise refusal(self._endpoint.door, _text(reply))
        watching = self._watch_guard(self._processes[0])
        self._tasks.append(asyncio.create_task(watching, name="tmux guard client"))

    async def stop(self) -> None:
        """Detach, and wait until both processes are gone; cancelled, they are killed."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        processes, self._processes = self._processes, []
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_DEADLINE_S):
                    for process in processes:
                        await process.wait()
        finally:
            # A server that is ending waits for a client with output that nobody takes, and the client for it.
            for process in processes:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
        for process in processes:
            await process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._lose("detached")

    async def command(self, *words: str) -> list[str]:
        """Run one tmux command and give the lines that it answers.

        Raises:
            ParheliaError: E601 when the server is gone, E200 for an unknown target, E601 for any other
                refusal.
        """
        (reply,) = await self.exchange([Command(words)])
        return [line.decode("utf-8", "replace") for line in reply.lines]

    async def exchange(self, commands: Sequence[Command]) -> list[Reply]:
        """Run commands one after the other, all sent in one write, so that nothing happens in between.

        Raises:
            ParheliaError: as `command`; E501 when there is no answer within `REPLY_DEADLINE_S`, after which
                the client is of no more use and ends.
        """
        answered = self._send(commands)
        try:
            async with asyncio.timeout(REPLY_DEADLINE_S):
                replies = await answered
        except TimeoutError:
            self._lose("no answer")
            raise ParheliaError("E501", f"session {self._endpoint.session} did not answer in time") from None
        for reply in replies:
            if reply.failed:
                raise refusal(self._endpoint.door, _text(reply))
        return replies

    def send(self, *words: str) -> None:
        """Run one tmux command and do not wait; nothing happens when the server is gone."""
        with contextlib.suppress(ParheliaError):
            self._send([Command(words)])

    def _send(self, commands: Sequence[Command]) -> asyncio.Future[list[Reply]]:
        if self._input is None or self.ended.is_set():
            raise server_gone(self._endpoint)
        exchange = _Exchange(commands, asyncio.get_running_loop().create_future())
        self._input.write("".join(f"{command.line()}\n" for command in commands).encode())
        self._waiting.append(exchange)
        return exchange.answered

    async def _spawn(self, flags: str, *, listens: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Start one client on a socket of ours.

        Not on asyncio's pipes: tmux hands them to the server, and waiting for a killed client would last
        until the server, perhaps stopped, has let go of them too.
        """
        if isinstance(self._endpoint, TmuxEndpoint) and shutil.which("tmux") is None:
            raise tmux_missing()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    # It must not outlive us: the server could not end before it.
                    *("setpriv", "--pdeathsig", "KILL", "--"),
                    *client_command(self._endpoint.door),
                    *("-C", "attach-session", "-f", flags, "-t", session_target(self._endpoint.session)),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno() if listens else asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    env=client_environment(),
                )
        except BaseException:
            ours.close()
            raise
        self._processes.append(process)
        reader, writer = await asyncio.open_connection(sock=ours)
        self._writers.append(writer)
        return reader, writer

    async def _read(self, stream: asyncio.StreamReader) -> None:
        try:
            while data := await stream.read(_READ_BYTES):
                for event in self._parser.feed(data):
                    self._take(event)
        finally:
            self._lose("it hung up")

    async def _watch_guard(self, guard: asyncio.subprocess.Process) -> None:
        await guard.wait()
        self._lose("its guard ended")

    def _take(self, event: Reply | Output | Notice) -> None:
        if not isinstance(event, Reply):
            self._heard(event)
        elif not event.ours:
            if self._attached is not None and not self._attached.done():
                self._attached.set_result(event)
        elif self._waiting:
            exchange = self._waiting[0]
            exchange.replies.append(event)
            if len(exchange.replies) == len(exchange.commands):
                self._waiting.popleft()
                if not exchange.answered.done():
                    exchange.answered.set_result(exchange.replies)

    def _expected_lines(self) -> int:
        if not self._waiting:
            return 0
        exchange = self._waiting[0]
        return exchange.commands[len(exchange.replies)].least_lines(exchange.replies)

    def _lose(self, why: str) -> None:
        if self.ended.is_set():
            return
        self.ended.set()
        error = server_gone(self._endpoint, why)
        if self._attached is not None and not self._attached.done():
            self._attached.set_exception(error)
            # Whoever was cancelled before it waited for this never looks at it.
            self._attached.exception()
        for exchange in self._waiting:
            if not exchange.answered.done():
                exchange.answered.set_exception(error)
                # Whoever sent without waiting never looks at it.
                exchange.answered.exception()
        self._waiting.clear()
        self._heard(Notice("exit", why.encode()))


def _text(reply: Reply) -> str:
    return one_line(b" ".join(reply.lines).decode("utf-8", "replace"))
