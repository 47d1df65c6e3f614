"""Room on the disk of the state directory, as whoever needs it can see for himself."""

from __future__ import annotations

import errno
import os
from functools import cache
from pathlib import Path

LEAST = 256 << 10
"""Bytes below which a disk counts as full: one transaction of the store takes up to so many."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a system call fails with where there is no room: none on the disk, or none that this user may have of it."""
_MOUNTS = Path("/proc/self/mountinfo")


def free(place: Path) -> int | None:
    """Give the bytes that this user may still write on the disk of a place; None where that cannot be said.

    A quota of this user's own is not counted: the system tells of the whole disk.
    """
    try:
        seen = os.statvfs(place)
    except OSError:
        return None
    # What a file system holds back is root's alone.
    return seen.f_frsize * (seen.f_bfree if os.geteuid() == 0 else seen.f_bavail)


def is_full(place: Path) -> bool:
    """Say whether nothing more can be written on the disk of a place, which is a directory."""
    left = free(place)
    return left is not None and (left < LEAST or is_quota_used_up(place))


def is_quota_used_up(place: Path) -> bool:
    """Say whether a quota keeps this user from writing more into a directory, however much is left on its disk."""
    try:
        if not _has_quotas(place.stat().st_dev):
            return False
        # Only who tries learns it. Without a name it is gone again whatever happens.
        file = os.open(place, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, LEAST)
        finally:
            os.close(file)
    except OSError as error:
        return error.errno in _FULL
    return False


@cache
def _has_quotas(device: int) -> bool:
    """Say whether a file system may refuse what it has room for; elsewhere a try would wake its disk for nothing."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in _MOUNTS.read_text(errors="replace").splitlines():
        mount, _, system = line.partition(" - ")
        if mount.split()[2] == number:
            kind, _, options = system.split()[:3]
            # Those of btrfs are no option of its mount.
            named = any("quota" in each and each != "noquota" for each in options.split(","))
            return named or kind == "btrfs"
    return False
