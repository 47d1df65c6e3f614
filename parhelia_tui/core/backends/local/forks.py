"""Supervisors by fork(2) while many containers begin together (core/shim/forks.py)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from asyncio.subprocess import DEVNULL, Process
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.local import shim_code, tmux
from parhelia_tui.core.settings.paths import Paths, private_directory

MANY = 4
"""So many that begin at once are worth a process that makes the supervisors of them; one that is there already makes
those of two."""
IDLE_S = 3.0
ANSWER_S = 15.0
END_S = 2.0
_ROOM = 32


class Forks:
    """Has supervisors made by a process that ends by itself when nobody has asked for one in a while.

    That process may be killed at any moment: whom it made lives on, and whom it did not make is made otherwise.

    Args:
        paths: the state directory.
        idle_s: seconds after which it ends.
    """

    def __init__(self, paths: Paths, idle_s: float = IDLE_S) -> None:
        self._paths = paths
        self._idle_s = idle_s
        self._door: socket.socket | None = None
        self._process: Process | None = None
        self._starting = asyncio.Lock()
        self._waiting: deque[asyncio.Future[int | None]] = deque()
        self._answered = True

    def pay(self, count: int) -> bool:
        """Say whether it is worth it for so many containers that begin at the same time."""
        return count >= (2 if self._door else MANY) and (self._answered or self._door is not None)

    async def start(self, run: Path, pane: Sequence[str]) -> int | None:
        """Have the supervisor of a run directory made.

        Args:
            run: the run directory.
            pane: the words that start its pane, but for the program in it.

        Returns:
            Its process; None when it has to be started otherwise, unless by now it holds its lock.

        Raises:
            OSError: the supervisor's code cannot be written.
        """
        async with self._starting:
            if self._door is None:
                await self._begin()
        request = b"\0".join(os.fsencode(each) for each in (str(run), *pane))
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        try:
            if self._door is None:
                return None
            self._door.send(request)
        except OSError:
            # Nothing of a message is taken when it is refused. That the process is gone is told by its end.
            return None
        self._waiting.append(answer)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            self._kill()
            return None

    async def close(self) -> None:
        """Let the process end; what it has made stays."""
        process = self._process
        self._gone()
        if process is None:
            return
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _begin(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                ours.setblocking(False)
                self._process = await asyncio.create_subprocess_exec(
                    *self._command(),
                    stdin=theirs.fileno(),
                    stdout=DEVNULL,
                    stderr=DEVNULL,
                    env=tmux.environment(),
                    cwd="/",
                )
            except BaseException:
                ours.close()
                raise
        self._door, self._answered = ours, False
        asyncio.get_running_loop().add_reader(ours.fileno(), self._hear)

    def _command(self) -> list[str]:
        home = private_directory(self._paths.home)
        # A supervisor writes its own words over these.
        room = "." * (len(os.fsencode(self._paths.containers)) + _ROOM)
        return shim_code.command(home, "fork", str(os.getpid()), str(self._idle_s), room)

    def _hear(self) -> None:
        """Take an answer, or the process's end."""
        assert self._door is not None
        try:
            said = self._door.recv(64)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._gone()
            return
        self._answered = True
        answer = self._waiting.popleft()
        if not answer.done():
            answer.set_result(int(said) or None)

    def _gone(self) -> None:
        if self._door is not None:
            asyncio.get_running_loop().remove_reader(self._door.fileno())
            self._door.close()
        self._door = self._process = None
        while self._waiting:
            answer = self._waiting.popleft()
            if not answer.done():
                answer.set_result(None)

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
