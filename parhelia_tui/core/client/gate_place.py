"""Where the gate of a merge finds the merged files: a directory that goes with whoever waits for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from parhelia_tui.core.model.ids import random_hex
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.settings.removal import remove_tree

_PREFIX = "merge-"


@contextlib.contextmanager
def gate_place(workspaces: Path, is_used: Callable[[Path], bool]) -> Iterator[Path]:
    """Make a directory for as long as it is needed, and remove those of commands that were killed.

    Args:
        workspaces: where it lies.
        is_used: says whether something still works in a directory that was left behind.

    Raises:
        OSError: the disk is full.
    """
    above = private_directory(workspaces)
    for left in above.glob(f"{_PREFIX}*"):
        with _held(left) as is_ours:
            if is_ours and not is_used(left):
                remove_tree(left)
    made = above / f"{_PREFIX}{random_hex(8)}"
    made.mkdir(mode=0o700)
    with _held(made):
        try:
            yield made
        finally:
            remove_tree(made)


@contextlib.contextmanager
def _held(place: Path) -> Iterator[bool]:
    """Hold a directory as long as this process wants it, if nobody else does (flock(2))."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)
