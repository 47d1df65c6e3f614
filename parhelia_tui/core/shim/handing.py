"""Taking what a sandbox at a provider is brought, over standard input.

What is small is handed to the keeper, which waits for it with all that unpacks it loaded already: who brings it
would need 40 ms for that alone, and somebody waits for the first output.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time

from parhelia_tui.core.shim import elsewhere, spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

ALREADY = 5
FAILED = 1
HANDED = "up.tgz"
TROUBLE = "up.trouble"
SMALL = 1 << 20
"""Bytes of an archive up to which the keeper unpacks it; a larger one is unpacked while it comes."""
LOOK_S = 0.002


def receive(directory: str) -> int:
    """Unpack what comes on standard input below `/`; the spec is put in its place last.

    Args:
        directory: the run directory, whose `spec.json.new` is among what comes.

    Returns:
        0; 1 when it cannot be unpacked; 5 when a container was brought already, and nothing was changed.
    """
    elsewhere.make(directory)
    with open(os.path.join(directory, "receiving"), "a+", encoding="ascii") as lock:
        _take(lock)
        if os.path.exists(os.path.join(directory, spec.NAME)):
            return ALREADY
        head = sys.stdin.buffer.read(SMALL)
        if len(head) < SMALL:
            return _hand(directory, head)
        from parhelia_tui.core.shim import freight

        freight.unpack(directory, Joined(head, sys.stdin.buffer))
    return 0


def _hand(directory: str, archive: bytes) -> int:
    trouble = os.path.join(directory, TROUBLE)
    if os.path.exists(trouble):
        os.unlink(trouble)
    new = os.path.join(directory, f".{HANDED}")
    with open(new, "wb") as file:
        file.write(archive)
    os.rename(new, os.path.join(directory, HANDED))
    while not os.path.exists(os.path.join(directory, spec.NAME)):
        if os.path.exists(trouble):
            with open(trouble, encoding="utf-8") as file:
                sys.stderr.write(file.read())
            return FAILED
        time.sleep(LOOK_S)
    return 0


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


class Joined:
    """Reads what was read already, and then the rest."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int) -> bytes:
        """Give at most so many bytes; none at the end."""
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._rest.read(size)
