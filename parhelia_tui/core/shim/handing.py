"""Taking what a sandbox at a provider is brought, over standard input, by who is going to follow it."""

from __future__ import annotations

import fcntl
import os
import time

from parhelia_tui.core.shim import elsewhere, spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

ALREADY = 5
FAILED = 1
PIECE = 1 << 20
RENEW_S = 1.0
"""Seconds between two times that the lease is renewed by what comes."""


def receive(directory: str, length: int) -> tuple[int, str]:
    """Unpack what comes on standard input below `/`; the spec is put in its place last.

    Args:
        directory: the run directory, whose `spec.json.new` is among what comes.
        length: of what comes, in bytes.

    Returns:
        0; 1 when it cannot be unpacked, and why; 5 when a container was brought already, and nothing was changed.
    """
    from parhelia_tui.core.shim import freight

    archive = Piece(0, length, directory)
    with open(os.path.join(directory, "receiving"), "a+", encoding="ascii") as lock:
        _take(lock)
        if os.path.exists(os.path.join(directory, spec.NAME)):
            while archive.read(PIECE):
                pass
            return ALREADY, ""
        try:
            freight.unpack(directory, archive)
        except Exception as error:
            return FAILED, repr(error)
        _wake_keeper(directory)
        return 0, ""


def _wake_keeper(directory: str) -> None:
    """Wake the keeper, where there is one that listens."""
    try:
        fifo = os.open(os.path.join(directory, elsewhere.CALLS), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    os.write(fifo, elsewhere.BROUGHT + b"\n")
    os.close(fifo)


def _take(lock: IO[str]) -> None:
    """Be the one who receives. Who was at it before waits for a sender that has died; a living one is here now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        earlier = lock.read().strip()
        if earlier.isdigit():
            try:
                os.kill(int(earlier), 9)
            except ProcessLookupError:
                pass
        fcntl.flock(lock, fcntl.LOCK_EX)
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()


class Piece:
    """The next bytes of a descriptor, and none beyond them; as long as some come, the lease is renewed.

    Args:
        descriptor: where they come.
        length: how many there are.
        directory: whose lease it is.
    """

    def __init__(self, descriptor: int, length: int, directory: str) -> None:
        self._descriptor = descriptor
        self._left = length
        self._directory = directory
        self._renewed = time.monotonic()

    def read(self, size: int) -> bytes:
        """Give at most so many bytes; none at the end."""
        piece = os.read(self._descriptor, min(size, self._left)) if self._left else b""
        self._left -= len(piece)
        if piece and time.monotonic() - self._renewed > RENEW_S:
            self._renewed = time.monotonic()
            elsewhere.renew(self._directory)
        return piece
