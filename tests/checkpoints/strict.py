"""A comparer of directories that forgives nothing: what `diff -r` does not look at, it does."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def differences(one: Path, other: Path, *, but: frozenset[str] = frozenset()) -> list[str]:
    """Say what differs between two directories: bytes, modes, times, links, attributes, owners; fifos and sockets aside.

    Args:
        but: paths from the top that are not looked at.
    """
    left, right = _all(one, but), _all(other, but)
    found = [f"{path!r}: only in {one.name}" for path in sorted(left.keys() - right.keys())]
    found += [f"{path!r}: only in {other.name}" for path in sorted(right.keys() - left.keys())]
    for path in sorted(left.keys() & right.keys()):
        for key, value in left[path].items():
            if right[path].get(key) != value:
                found.append(f"{path!r}: {key} {_short(value)} and {_short(right[path].get(key))}")
    return found


def _all(top: Path, but: frozenset[str]) -> dict[bytes, dict[str, object]]:
    found: dict[bytes, dict[str, object]] = {}
    inodes: dict[int, bytes] = {}
    start = os.fsencode(top)
    waiting = [b"."]
    while waiting:
        path = waiting.pop()
        full = os.path.join(start, path)
        status = os.lstat(full)
        if os.fsdecode(path[2:]) in but or stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode):
            continue
        one: dict[str, object] = {
            "mode": oct(status.st_mode),
            "mtime": status.st_mtime_ns,
            "owner": (status.st_uid, status.st_gid),
            "attributes": _attributes(full),
        }
        if stat.S_ISDIR(status.st_mode):
            waiting += [os.path.join(path, name) for name in sorted(os.listdir(full), reverse=True)]
        else:
            one["size"] = status.st_size
            one["links"] = status.st_nlink
            one["target"] = os.readlink(full) if stat.S_ISLNK(status.st_mode) else b""
            if stat.S_ISREG(status.st_mode):
                with open(full, "rb") as file:
                    one["bytes"] = file.read()
            one["inode"] = status.st_ino
        found[path] = one
    # Which names are one file, rather than by which number.
    for path in sorted(found):
        if "inode" in found[path]:
            number = found[path]["inode"]
            assert isinstance(number, int)
            found[path]["inode"] = inodes.setdefault(number, path)
    return found


def _attributes(path: bytes) -> dict[str, bytes]:
    return {
        name: os.getxattr(path, name, follow_symlinks=False)
        for name in os.listxattr(path, follow_symlinks=False)
        if name.startswith("user.")
    }


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 80 else f"{text[:77]}..."
