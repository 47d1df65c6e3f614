"""A kernel lock on a file, that says who holds it and falls when its holder dies."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

# struct flock of fcntl(2): l_type, l_whence, l_start, l_len, l_pid. Native alignment makes it the
# kernel's own form; POSIX locks are taken because only they tell the holder's pid.
_FLOCK = "hhqqi"


class ProcessLock:
    """The right to be the one process that does something.

    The lock belongs to the process, so the file must be opened through this class alone: closing any
    other descriptor of it in the same process would let the lock go (fcntl_locking(2)).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take the lock if nobody else has it; True when it is ours now."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back, if it is ours."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder(path: Path) -> int | None:
    """Give the pid of the process that holds the lock, without touching it; None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    finally:
        os.close(descriptor)
    return None if answer[0] == fcntl.F_UNLCK else int(answer[4])
