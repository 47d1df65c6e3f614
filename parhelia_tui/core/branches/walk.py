"""What lies in a workspace, seen without following a link."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field

from parhelia_tui.core.branches.names import is_gits_own, is_rules
from parhelia_tui.core.checkpoints.bounds import DEPTH_LIMIT
from parhelia_tui.core.checkpoints.files import descriptor, open_below
from parhelia_tui.core.checkpoints.workspace import STAGING
from parhelia_tui.core.model.errors import ParheliaError

NAMES_MOST = 1_000_000
PATH_MOST = 4000
"""Bytes of a path: no file could be made by a longer one."""
LINK, FILE, PROGRAM = "120000", "100644", "100755"
"""Modes of a tree's entries."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of a workspace that does not get into a branch.

    Attributes:
        path: from the top of the repository.
        why: in words.
    """

    path: str
    why: str


@dataclass(slots=True)
class Seen:
    """What a walk found, by paths from the top of the repository.

    Attributes:
        files: modes of files and links.
        left_out: what is none, or has no fit name.
        kept: paths of which, and of all below, nothing is known; they stay as they were.
        names: how many there are, of directories too.
    """

    files: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    names: int = 0

    def leave(self, path: str, why: str) -> None:
        """Leave something as it was."""
        self.left_out.append(LeftOut(path, why))
        self.kept.add(path)

    def keeps(self, path: str) -> bool:
        """Say whether nothing is known of a path."""
        while path:
            if path in self.kept:
                return True
            path = path.rpartition("/")[0]
        return False


def walk(opened: int, prefix: str, submodules: Collection[str]) -> Seen:
    """Name all files and links.

    Args:
        opened: descriptor of the workspace.
        prefix: where it lies in the repository.
        submodules: paths that are repositories of their own; what is in them is not looked at.

    Raises:
        ParheliaError: E204 for far too many names.
    """
    seen = Seen()
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        above = _join(prefix, inside)
        try:
            with descriptor(open_below(opened, inside)) as here, os.scandir(here) as entries:
                for entry in entries:
                    _see(entry, inside, above, submodules, seen, waiting)
                    seen.names += 1
                    if seen.names > NAMES_MOST:
                        raise ParheliaError("E204", f"the workspace has more than {NAMES_MOST:,} names")
        except OSError as error:
            seen.leave(above, error.strerror or "it cannot be read")
    return seen


def _see(
    entry: os.DirEntry[str],
    inside: str,
    above: str,
    submodules: Collection[str],
    seen: Seen,
    waiting: list[str],
) -> None:
    path = _join(above, entry.name)
    if not above and (entry.name == ".git" or entry.name.startswith(STAGING)):
        return
    link = entry.is_symlink()
    if is_gits_own(entry.name):
        seen.left_out.append(LeftOut(path, "git keeps this name for itself"))
    elif len(os.fsencode(path)) > PATH_MOST:
        seen.leave(path, "its path is too long")
    elif link and is_rules(entry.name):
        seen.leave(path, "rules for git may be no link")
    elif link:
        seen.files[path] = LINK
    elif entry.is_dir(follow_symlinks=False):
        if path in submodules:
            seen.kept.add(path)
        elif path.count("/") >= DEPTH_LIMIT:
            seen.leave(path, "too many directories within each other")
        else:
            waiting.append(_join(inside, entry.name))
    elif entry.is_file(follow_symlinks=False):
        program = entry.stat(follow_symlinks=False).st_mode & 0o100
        seen.files[path] = PROGRAM if program else FILE
    else:
        seen.leave(path, "no file")


def _join(above: str, name: str) -> str:
    return f"{above}/{name}" if above and name else above or name
