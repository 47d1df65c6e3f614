"""Wishes to cancel for which the store had no room: in a file whose place on the disk was taken before it was full.

The controller acts on them at once and brings them into the store when there is room again. Neither its end nor a
power cut loses one that was kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.records import Owner
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store import cancels, tasks
from parhelia_tui.core.store.connection import writing_durably

PLACE = 256 << 10
"""Bytes of the file: room for some 2000 wishes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One wish to cancel.

    Args:
        at: when it was wished, in epoch seconds.
    """

    task_id: str
    reason: str
    at: float
    owner: Owner


def lay_out(path: Path) -> None:
    """Take the place of the file from the disk; where that is refused, what the store has no room for is not kept."""
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, PLACE)
        finally:
            os.close(file)


def keep(path: Path, task_id: str, reason: str, owner: Owner, at: float) -> bool:
    """Write a wish down so that it outlives all processes and a power cut; False where there is no place for it."""
    wish = Kept(task_id, redacted(one_line(reason, 500)), at, owner)
    # The line before it may be a half one, of a disk that takes nothing even here.
    line = b"\n" + json.dumps(asdict(wish)).encode("ascii") + b"\n"
    try:
        with _held(path, fcntl.LOCK_EX) as file:
            content = _content(file)
            if any(each.task_id == task_id for each in _wishes(content)):
                return True
            if len(content) + len(line) > os.fstat(file).st_size:
                return False
            written = os.pwrite(file, line, len(content))
            os.fsync(file)
    except OSError:
        return False
    return written == len(line)


def kept(path: Path) -> list[Kept]:
    """Read the wishes that are not in the store yet, oldest first."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        return _wishes(_content(file))
    finally:
        os.close(file)


def take(path: Path, db: sqlite3.Connection) -> None:
    """Bring all wishes into the store, and their places back.

    Raises:
        ParheliaError: E507 as long as there is no room; then all stay where they are.
    """
    # Asked in each round, and nearly never is there one.
    if not kept(path):
        return
    try:
        with _held(path, fcntl.LOCK_EX | fcntl.LOCK_NB) as file:
            content = _content(file)
            with writing_durably(db) as tx:
                for each in _wishes(content):
                    task = tasks.find(tx, each.task_id)
                    if task is not None:
                        cancels.wish(tx, task, each.reason, each.owner, each.at)
            _clear(file, len(content))
    except BlockingIOError:
        # Somebody writes one down just now, and wakes us afterwards.
        return


def _clear(file: int, size: int) -> None:
    try:
        os.pwrite(file, bytes(size), 0)
        os.fsync(file)
    except OSError:
        # On a file system that writes elsewhere what is written anew; the next controller lays it out again.
        os.ftruncate(file, 0)


@contextlib.contextmanager
def _held(path: Path, how: int) -> Iterator[int]:
    """Open the file, for nobody else at the same time. Raises OSError where there is none."""
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(file, how)
        yield file
    finally:
        os.close(file)


def _content(file: int) -> bytes:
    if os.pread(file, 1, 0) in (b"", b"\0"):
        return b""
    return os.pread(file, PLACE, 0).rstrip(b"\0")


def _wishes(content: bytes) -> list[Kept]:
    found = []
    for line in content.splitlines():
        # Only half a line, which nobody was told to be kept, cannot be read.
        with contextlib.suppress(ValueError, TypeError, KeyError):
            said: dict[str, Any] = json.loads(line)
            found.append(
                Kept(str(said["task_id"]), str(said["reason"]), float(said["at"]), Owner(**said["owner"]))
            )
    return found
