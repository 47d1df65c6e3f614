"""Taking what a sandbox at a provider is brought, over standard input, by who is going to follow it.

What is small is handed to the keeper, which waits for it with all that unpacks it loaded already: who brings it
would need 40 ms for that alone, and somebody waits for the first output.
"""

from __future__ import annotations

import fcntl
import os
import time

from parhelia_tui.core.shim import spec

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


def receive(directory: str, length: int) -> tuple[int, str]:
    """Unpack what comes on standard input below `/`; the spec is put in its place last.

    Args:
        directory: the run directory, whose `spec.json.new` is among what comes.
        length: of what comes, in bytes.

    Returns:
        0; 1 when it cannot be unpacked, and why; 5 when a container was brought already, and nothing was changed.
    """
    archive = Piece(0, length)
    with open(os.path.join(directory, "receiving"), "a+", encoding="ascii") as lock:
        _take(lock)
        if os.path.exists(os.path.join(directory, spec.NAME)):
            while archive.read(SMALL):
                pass
            return ALREADY, ""
        if length > SMALL:
            from parhelia_tui.core.shim import freight

            try:
                freight.unpack(directory, archive)
            except Exception as error:
                return FAILED, repr(error)
            return 0, ""
        whole = b""
        while piece := archive.read(SMALL):
            whole += piece
        return _hand(directory, whole)


def _hand(directory: str, archive: bytes) -> tuple[int, str]:
    trouble = os.path.join(directory, TROUBLE)
    if os.path.exists(trouble):
        os.unlink(trouble)
    new = os.path.join(directory, f".{HANDED}")
    with open(new, "wb") as file:
        file.write(archive)
    os.rename(new, os.path.join(directory, HANDED))
    while not os.path.exists(os.path.join(directory, spec.NAME)):
        if os.path.exists(trouble):
            with open(trouble, encoding="utf-8") as told:
                return FAILED, told.read()
        time.sleep(LOOK_S)
    return 0, ""


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
    """The next bytes of a descriptor, and none beyond them."""

    def __init__(self, descriptor: int, length: int) -> None:
        self._descriptor = descriptor
        self._left = length

    def read(self, size: int) -> bytes:
        """Give at most so many bytes; none at the end."""
        piece = os.read(self._descriptor, min(size, self._left)) if self._left else b""
        self._left -= len(piece)
        return piece
