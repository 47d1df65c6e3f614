"""Room on the disk of the state directory, as whoever needs it can see for himself."""

from __future__ import annotations

import os
from pathlib import Path

LEAST = 256 << 10
"""Bytes below which a disk counts as full: one transaction of the store takes up to so many."""


def free(place: Path) -> int | None:
    """Give the bytes that this user may still write on the disk of a place; None where that cannot be said."""
    try:
        seen = os.statvfs(place)
    except OSError:
        return None
    # What a file system holds back is root's alone.
    return seen.f_frsize * (seen.f_bfree if os.geteuid() == 0 else seen.f_bavail)


def is_full(place: Path) -> bool:
    """Say whether nothing more can be written on the disk of a place."""
    left = free(place)
    return left is not None and left < LEAST
