"""Files by directory descriptors: no step ever follows a symbolic link."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from parhelia_tui.core.checkpoints.bounds import DEPTH_LIMIT
from parhelia_tui.core.model.ids import random_hex

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_FRAMES = 8
"""More calls within each other than any walk makes for a directory within a directory."""


def let_walk_deep() -> None:
    """Let this process go as deep as `DEPTH_LIMIT` says; what the interpreter allows at first ends halfway there."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES * DEPTH_LIMIT))


_SYNC_FILE_RANGE_WRITE = 2

_TELLING = (0xEF53, 0x58465342, 0x9123683E, 0x01021994)
"""ext, XFS, Btrfs and tmpfs (statfs(2)): a name that comes or goes changes the times of its directory there."""


def tells_of_names(opened: int) -> bool:
    """Say whether a directory on the file system of this one has changed when its names have, and only then."""
    # The kind is the first word; nothing needs as much room as this.
    found = (ctypes.c_long * 64)()
    return _libc().fstatfs(opened, found) == 0 and found[0] in _TELLING


@contextmanager
def within(opened: int) -> Iterator[None]:
    """Let a directory be the working directory, for a process without threads."""
    before = os.open(".", os.O_PATH | os.O_CLOEXEC)
    try:
        os.fchdir(opened)
        yield
    finally:
        os.fchdir(before)
        os.close(before)


@contextmanager
def descriptor(opened: int) -> Iterator[int]:
    """Close a descriptor afterwards."""
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def directory(name: str, within: int | None = None) -> Iterator[int]:
    """Open a directory that is no symbolic link."""
    opened = os.open(name, DIRECTORY, dir_fd=within)
    try:
        yield opened
    finally:
        os.close(opened)


def open_below(opened: int, path: str) -> int:
    """Open a directory below another one without following a symbolic link anywhere.

    Raises:
        OSError: when it is not there, or there is a symbolic link or a way up on the way.
    """
    inside = os.dup(opened)
    for name in path.split("/") if path else ():
        try:
            if name == "..":
                raise OSError(errno.ELOOP, "it leads out", path)
            deeper = os.open(name, DIRECTORY, dir_fd=inside)
        finally:
            os.close(inside)
        inside = deeper
    return inside


def write_durably(within: int, name: str, data: bytes) -> None:
    """Write a file that is whole or not there, also after the machine went down."""
    # Two who write the same at once must not share it.
    new = f"{name}.{random_hex(16)}.new"
    try:
        with descriptor(os.open(new, CREATE, 0o600, dir_fd=within)) as file:
            write_all(file, data)
            os.fsync(file)
        rename_durably(within, new, name)
    except BaseException:
        try:
            os.unlink(new, dir_fd=within)
        except FileNotFoundError:
            pass
        raise


def write_all(file: int, data: bytes | memoryview) -> None:
    """Write all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def write_out(file: int) -> None:
    """Begin to bring what was written to a file to the disk, and do not wait for it; where that cannot be, do nothing."""
    act = getattr(_libc(), "sync_file_range", None)
    if act is not None:
        act(file, ctypes.c_int64(0), ctypes.c_int64(0), _SYNC_FILE_RANGE_WRITE)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def rename_durably(within: int, old: str, new: str) -> None:
    """Rename within one directory and bring that to the disk."""
    os.rename(old, new, src_dir_fd=within, dst_dir_fd=within)
    os.fsync(within)


def read_whole(within: int, name: str, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes.

    Raises:
        OSError: when it is not there, no regular file or longer.
    """
    with descriptor(os.open(name, READ, dir_fd=within)) as file:
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > limit:
            raise OSError(22, "not a regular file of a plausible size", name)
        found = bytearray()
        # One that grows as it is read would have no end.
        while len(found) <= limit and (part := os.read(file, 1 << 20)):
            found += part
        if len(found) > limit:
            raise OSError(27, "it grew while it was read", name)
    return bytes(found)


def open_ours(name: str, within: int) -> int:
    """Open a directory of ours, also one that nobody may read: that becomes one that we may.

    Raises:
        OSError: when it is not there, or is no directory.
    """
    try:
        return os.open(name, DIRECTORY, dir_fd=within)
    except PermissionError:
        pass
    path = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    with descriptor(os.open(name, path, dir_fd=within)) as seen:
        # By its descriptor: a chmod by name would follow a link that took its place.
        Path(f"/proc/self/fd/{seen}").chmod(0o700)
    return os.open(name, DIRECTORY, dir_fd=within)


def remove_tree(name: str, within: int) -> None:
    """Remove a file, or a directory with all that is in it, however deep; nothing when it is not there.

    Raises:
        OSError: when something cannot be removed.
    """
    waiting = [name]
    while waiting:
        _remove(waiting.pop(), within, 0, lambda: f"{name}.{random_hex(16)}", within, waiting)


def _remove(
    name: str, within: int, depth: int, new_name: Callable[[], str], top: int, waiting: list[str]
) -> None:
    """Remove what has a name; what lies too deep is moved to the top, to be removed from there."""
    try:
        os.unlink(name, dir_fd=within)
        return
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        pass
    with descriptor(open_ours(name, within)) as inside:
        if os.fstat(inside).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(inside, 0o700)
        if depth > DEPTH_LIMIT:
            waiting.append(new_name())
            os.rename(name, waiting[-1], src_dir_fd=within, dst_dir_fd=top)
            return
        for each in os.listdir(inside):
            _remove(each, inside, depth + 1, new_name, top, waiting)
    os.rmdir(name, dir_fd=within)
