"""What is as before in a workspace found by several processes at once.

Looking at 60,000 names is bound by one processor, and threads of Python take turns. The directories that the last
capture saw are cut into parts, and each process takes the next part whenever it is done with one: so they end
together, also where one of them gets less of its processor. Each tells which directories are not as they were; those
alone are walked afterwards.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from parhelia_tui.core.checkpoints.files import (
    DIRECTORY,
    descriptor,
    open_below,
    tells_of_names,
    within,
    write_all,
)
from parhelia_tui.core.checkpoints.folder import Folder
from parhelia_tui.core.checkpoints.forked import copies, possible
from parhelia_tui.core.checkpoints.lstat import lstat
from parhelia_tui.core.checkpoints.watch import Watch
from parhelia_tui.core.model.errors import ParheliaError

_WORTH = 4000
"""Names below which a second process costs more than it saves."""

_PARTS = 32
"""About how many parts there are for each process."""

_NUMBER = struct.Struct("<I")

Told = Callable[[int], None]
"""Takes how many names more were seen."""


@dataclass(slots=True)
class _Part:
    """What one process looks over in one go.

    Attributes:
        path: of a directory.
        folder: that directory.
        itself: whether it is looked at, or only what is in `subs`.
        subs: directories in it that are looked over with all that is in them.
    """

    path: str
    folder: Folder
    itself: bool
    subs: list[tuple[str, Folder]] = field(default_factory=list)


@dataclass(slots=True)
class _Report:
    """What one process found: paths that differ, and the numbers of watches with their paths."""

    differing: list[str] = field(default_factory=list)
    watches: dict[int, str] = field(default_factory=dict)
    complete: bool = True


def differing(opened: int, top: Folder, watch: Watch | None, processes: int, told: Told) -> list[str] | None:
    """Look which directories are not as a capture saw them.

    Args:
        opened: descriptor of the workspace.
        top: what that capture saw.
        watch: is told of each directory before it is looked at.
        processes: how many may work on it, this one included.
        told: is told how many names were seen; what it raises ends it.

    Returns:
        Their paths, and those of directories in which the times of another one stand; None where that was not found
        out: too few to be worth it, or a process failed.
    """
    if processes < 2 or top.weight < _WORTH or not possible():
        return None
    # Here, once for all copies of this process.
    lstat()
    parts = _cut(top, top.weight // (processes * _PARTS))
    with descriptor(os.memfd_create("parts", os.MFD_CLOEXEC)) as numbers:
        write_all(numbers, b"".join(map(_NUMBER.pack, range(len(parts)))))
        os.lseek(numbers, 0, os.SEEK_SET)
        acts = [partial(_look_there, opened, parts, numbers, watch)] * (processes - 1)
        try:
            with copies(acts) as (there, here):
                reports = [_look(opened, parts, numbers, watch, told)]
                reports += [_Report(*act()) for act in here]
                reports += [_Report(*each.result()) for each in there]
        except (OSError, ParheliaError):
            # Whatever it is: whoever walks over everything meets it again.
            return None
    if watch is not None:
        for report in reports[1:]:
            watch.adopt(report.watches, complete=report.complete)
    return [path for report in reports for path in report.differing]


def _cut(top: Folder, most: int) -> list[_Part]:
    """Cut a workspace into parts of about `most` names; the bigger directories are parts by themselves."""
    parts: list[_Part] = []
    waiting = [("", top)]
    while waiting:
        path, folder = waiting.pop()
        parts.append(part := _Part(path, folder, True))
        load = len(folder.names)
        for name, sub in folder.subs.items():
            if sub.weight > most and sub.subs:
                waiting.append((f"{path}/{name}" if path else name, sub))
                continue
            if load > most:
                parts.append(part := _Part(path, folder, False))
                load = 0
            part.subs.append((name, sub))
            load += sub.weight
    return parts


def _look_there(
    opened: int, parts: Sequence[_Part], numbers: int, watch: Watch | None
) -> tuple[list[str], dict[int, str], bool]:
    """Look in a copy of this process; gives a report as plain values."""
    mine = watch.shared() if watch is not None else None
    found = _look(opened, parts, numbers, mine, lambda _: None)
    return found.differing, mine.paths if mine else {}, mine.complete if mine else True


def _look(opened: int, parts: Sequence[_Part], numbers: int, watch: Watch | None, told: Told) -> _Report:
    """Look over one part after the other until all are taken.

    Args:
        numbers: descriptor of a file with the numbers of the parts. All processes read it at one place that moves on.
    """
    scout = _Scout(watch, told, lists=not tells_of_names(opened))
    with within(opened):
        while number := os.read(numbers, _NUMBER.size):
            scout.look(opened, parts[_NUMBER.unpack(number)[0]])
    return _Report(scout.differing)


class _Scout:
    """Looks by the working directory: a descriptor in each of 60,000 calls costs a sixth more.

    Args:
        lists: directories are listed, because their times do not tell of names that come and go.
    """

    def __init__(self, watch: Watch | None, told: Told, *, lists: bool) -> None:
        self._watch = watch
        self._told = told
        self._lists = lists
        self._lstat = lstat()
        self.differing: list[str] = []

    def look(self, opened: int, part: _Part) -> None:
        """Look over a part of what is below a directory."""
        try:
            inside = open_below(opened, part.path)
        except OSError as error:
            self._lost(part.path, error, [part.path] if part.itself else [])
            for name, sub in part.subs:
                self._lost(part.path, error, sub.paths(part.path, name))
            return
        with descriptor(inside):
            try:
                if part.itself:
                    os.fchdir(inside)
                    self._compare(part.path, part.folder)
            except PermissionError as error:
                self._lost(part.path, error, [part.path])
            for name, sub in part.subs:
                self._below(inside, part.path, name, sub)

    def _below(self, opened: int, above: str, name: str, folder: Folder) -> None:
        """Look over a directory and all that is in it."""
        path = f"{above}/{name}" if above else name
        try:
            inside = os.open(name, DIRECTORY, dir_fd=opened)
        except OSError as error:
            self._lost(above, error, folder.paths(above, name))
            return
        try:
            os.fchdir(inside)
            self._compare(path, folder)
            for each, sub in folder.subs.items():
                self._below(inside, path, each, sub)
        except PermissionError as error:
            self._lost(above, error, folder.paths(above, name))
        finally:
            os.close(inside)

    def _compare(self, path: str, folder: Folder) -> None:
        """Look whether the working directory is as it was."""
        if self._watch is not None:
            self._watch.add_here(path)
        if self._lstat.own() != folder.key:
            # Its own times and permissions stand in the directory above, which was looked at before this one.
            self.differing += [path.rpartition("/")[0], path]
        elif (self._lists and os.listdir(b".") != folder.names) or self._lstat.keys(
            folder.names
        ) != folder.keys:
            self.differing.append(path)
        self._told(len(folder.names))

    def _lost(self, above: str, error: OSError, paths: Sequence[str]) -> None:
        """Whoever walks there has to find out: gone or replaced, perhaps for a moment, or nobody may look into it."""
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise error
        self.differing += [above, *paths]
