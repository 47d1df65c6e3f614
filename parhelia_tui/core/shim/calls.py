"""Who wants to follow a container far away, and is told of it by a fork of the keeper.

A command in a sandbox asks by a line in the FIFO `calls`: the name of its own two FIFOs and what it has already. It
is a shell that copies, not a Python of its own: that would take 20 ms of a processor to start, while somebody waits
for the first output, and a fork of the keeper has everything loaded.
"""

from __future__ import annotations

import os
import select

from parhelia_tui.core.shim import elsewhere, follow
from parhelia_tui.core.shim.lean import signals

LINES = "lines"
OPEN_S = 30
"""Seconds within which who asked has to open its FIFOs."""


class Calls:
    """The FIFO, and the forks that answer.

    Args:
        directory: the run directory.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._part = b""
        self._pids: set[int] = set()
        os.makedirs(os.path.join(directory, LINES), 0o700, exist_ok=True)
        place = os.path.join(directory, elsewhere.CALLS)
        try:
            os.mkfifo(place, 0o600)
        except FileExistsError:
            # Who asked first made it, and waits for us at its other end.
            pass
        # For writing too, so that it never ends.
        self._fifo = os.open(place, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self, most_s: float) -> None:
        """Wait for calls, at most so many seconds, and have those answered that came."""
        self._pids -= {pid for pid in self._pids if os.waitpid(pid, os.WNOHANG)[0] == pid}
        if not select.select([self._fifo], [], [], most_s)[0]:
            return
        *lines, self._part = (self._part + os.read(self._fifo, 4096)).split(b"\n")
        for line in lines:
            if line != elsewhere.BROUGHT:
                self._answer(line.decode("ascii", "replace").split())

    def _answer(self, words: list[str]) -> None:
        try:
            pid = os.fork()
        except OSError:
            # What runs here may have taken all processes that there are; who asked asks again.
            return
        if pid:
            self._pids.add(pid)
            return
        code = 1
        try:
            name, *numbers = words
            _join(os.path.join(self._directory, LINES, os.path.basename(name)))
            code = follow.follow(self._directory, *(int(each) for each in numbers))
        finally:
            os._exit(code)


def _join(line: str) -> None:
    """Make the two FIFOs of a caller our standard input and output; nobody else opens them from then on."""
    # Who went away meanwhile opens them never.
    signals.alarm(OPEN_S)
    os.dup2(os.open(f"{line}.in", os.O_RDONLY), 0)
    os.dup2(os.open(f"{line}.out", os.O_WRONLY), 1)
    signals.alarm(0)
    for end in ("in", "out"):
        os.unlink(f"{line}.{end}")
