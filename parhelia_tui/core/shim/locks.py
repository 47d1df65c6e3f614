"""Locks that say that a process lives: it holds one as long as it does, and the kernel lets it go with it (flock(2))."""

from __future__ import annotations

import fcntl

from parhelia_tui.core.shim import system


def is_held(lock: str) -> bool:
    """Say whether a process lives that holds the lock of this file. Raises OSError where it cannot be opened."""
    try:
        descriptor = system.open(lock, system.O_RDWR | system.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who look at the same time do not take each other for its holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        system.close(descriptor)
    return False
