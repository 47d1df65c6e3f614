"""One file read while somebody may be writing to it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping

from parhelia_tui.core.checkpoints.coding import CHUNK, NOTHING
from parhelia_tui.core.checkpoints.files import READ
from parhelia_tui.core.checkpoints.hasher import Hasher
from parhelia_tui.core.checkpoints.manifest import NO_XATTRS, Entry
from parhelia_tui.core.checkpoints.pieces import Piece

_TRIES = 3
_ZEROS = bytes(CHUNK)
_LOST = (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.ENODEV)


class NotAFile(Exception):
    """It went away or became something else since it was seen."""


def take_file(
    hasher: Hasher, within: int, name: str, seen: os.stat_result
) -> tuple[Entry, os.stat_result, bool]:
    """Read a regular file; when it changes meanwhile, again.

    Args:
        within: descriptor of its directory.
        seen: its lstat.

    Returns:
        What it is, the stat that belongs to that (`seen` itself where that is so), and whether it stood still.

    Raises:
        NotAFile: it is gone or no regular file any more.
        OSError: it cannot be read.
    """
    try:
        file = _open(name, within)
    except OSError as error:
        if error.errno in _LOST:
            raise NotAFile from error
        raise
    try:
        for _ in range(_TRIES):
            entry = Entry(
                name,
                seen.st_mode,
                seen.st_mtime_ns,
                seen.st_size,
                seen.st_uid,
                seen.st_gid,
                NOTHING,
                None,
                None,
                attributes(file),
            )
            whole = _read(hasher, file, entry, seen)
            after = os.fstat(file)
            if not stat.S_ISREG(after.st_mode):
                raise NotAFile
            if whole and same_file(seen, after):
                return entry, seen, True
            seen = after
            os.lseek(file, 0, os.SEEK_SET)
        return _as_read(entry, seen), seen, False
    finally:
        os.close(file)


def _open(name: str, within: int) -> int:
    try:
        # A first look would change the time of access of each file: a fifteenth of a first checkpoint, and not ours to do.
        return os.open(name, READ | os.O_NOATIME, dir_fd=within)
    except PermissionError:
        # That is for its owner alone.
        return os.open(name, READ, dir_fd=within)


def same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Say whether a file has not been changed from one look to the other."""
    return (
        one.st_ino == other.st_ino
        and one.st_ctime_ns == other.st_ctime_ns
        and one.st_mtime_ns == other.st_mtime_ns
        and one.st_size == other.st_size
    )


def _as_read(entry: Entry, seen: os.stat_result) -> Entry:
    """Keep permissions and times as they are now; the size stays what was read."""
    entry.mode, entry.mtime, entry.uid, entry.gid = seen.st_mode, seen.st_mtime_ns, seen.st_uid, seen.st_gid
    return entry


def _read(hasher: Hasher, file: int, entry: Entry, seen: os.stat_result) -> bool:
    """Hand on what a file holds; `entry.size` becomes what was read. True when that is what `seen` says."""
    size = seen.st_size
    if size <= CHUNK:
        # One byte more than there should be tells whether it grew.
        data = os.read(file, size + 1)
        while len(data) < size and (more := os.read(file, size - len(data))):
            data += more
        if len(data) > CHUNK:
            data = data[:CHUNK]
            size = -1
        entry.size = len(data)
        if data:
            entry.content = hasher.content(data)
        return len(data) == size
    pieces: list[Piece] = []
    sparse = seen.st_blocks * 512 < size
    at = 0
    while at < size:
        if sparse and (hole := _hole(file, at, size)):
            _add_hole(pieces, hole)
            at += hole
            continue
        data = os.pread(file, min(CHUNK, size - at), at)
        if not data:
            break
        if data == _ZEROS[: len(data)]:
            _add_hole(pieces, len(data))
        else:
            pieces.append((len(data), hasher.content(data)))
        at += len(data)
    entry.size = at
    entry.content, entry.chunked = hasher.whole(pieces), True
    return at == size


def _add_hole(pieces: list[Piece], length: int) -> None:
    # One hole, however it was found: the same content has one list.
    before = pieces.pop()[0] if pieces and pieces[-1][1] == NOTHING else 0
    pieces.append((before + length, NOTHING))


def _hole(file: int, at: int, size: int) -> int:
    """Say how many bytes from here on are a hole, in whole pieces."""
    try:
        data = os.lseek(file, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size - at
        return 0
    return max(0, min(data, size) - at) // CHUNK * CHUNK


def attributes(file: int) -> Mapping[str, bytes]:
    """Give the `user.` attributes of an open file or directory."""
    try:
        names = os.listxattr(file)
    except OSError:
        return NO_XATTRS
    if not names:
        return NO_XATTRS
    found: dict[str, bytes] = {}
    for name in names:
        if name.startswith("user."):
            try:
                found[name] = os.getxattr(file, name)
            except OSError:
                # Gone between the two calls.
                continue
    return found
