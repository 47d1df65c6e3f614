"""What differs between a copy of a workspace and the workspace, as both are now."""

from __future__ import annotations

import contextlib
import filecmp
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOST = 1000
"""Names that are given of each kind; `more` counts the rest."""
_OWN = frozenset({".git"})
"""History is no result: a commit shows in the files that it changed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Names of files, from the directory on, in order.

    Args:
        more: how many names of all kinds are left out, because there are very many.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    more: int = 0

    @property
    def count(self) -> int:
        """How many files differ."""
        return len(self.added) + len(self.changed) + len(self.removed) + self.more


def index(directory: Path) -> dict[str, os.stat_result]:
    """Look at every file of a directory, without following links; empty where there is none."""
    return dict(_files(directory))


def difference(copy: Path, original: Path | None, before: dict[str, os.stat_result]) -> Difference:
    """Compare a directory with the one that it was copied from.

    Files of the same size and time are the same; only others are read.

    Args:
        original: None where it was empty.
        before: what `index` gave of the original.
    """
    after = index(copy)
    kinds = (
        sorted(after.keys() - before.keys()),
        sorted(
            name
            for name in after.keys() & before.keys()
            if original is not None and not _same(copy / name, after[name], original / name, before[name])
        ),
        sorted(before.keys() - after.keys()),
    )
    added, changed, removed = (tuple(each[:MOST]) for each in kinds)
    return Difference(added, changed, removed, sum(max(0, len(each) - MOST) for each in kinds))


def _files(directory: Path) -> Iterator[tuple[str, os.stat_result]]:
    # Not by recursion: whoever worked in there chose how deep it is.
    left = [""]
    while left:
        inside = left.pop()
        # What is gone meanwhile or closed to us is not told of.
        with contextlib.suppress(OSError), os.scandir(directory / inside) as entries:
            for entry in entries:
                name = f"{inside}/{entry.name}" if inside else entry.name
                if not entry.is_dir(follow_symlinks=False):
                    yield name, entry.stat(follow_symlinks=False)
                elif entry.name not in _OWN:
                    left.append(name)


def _same(one: Path, was: os.stat_result, other: Path, now: os.stat_result) -> bool:
    if stat.S_IFMT(was.st_mode) != stat.S_IFMT(now.st_mode) or (was.st_mode ^ now.st_mode) & 0o111:
        return False
    try:
        if stat.S_ISLNK(was.st_mode):
            return one.readlink() == other.readlink()
        if not stat.S_ISREG(was.st_mode) or was.st_size != now.st_size:
            return was.st_size == now.st_size
        return was.st_mtime_ns == now.st_mtime_ns or filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
