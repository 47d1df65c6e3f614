"""What is as before in a workspace found by several processes at once.

Looking at 60,000 names is bound by one processor, and threads of Python take turns. Each process looks over a share
of the directories that the last capture saw and tells which are not as they were; those alone are walked afterwards.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from operator import attrgetter

from parhelia_tui.core.checkpoints.files import DIRECTORY, tells_of_names, within
from parhelia_tui.core.checkpoints.folder import Folder, key_of, keys
from parhelia_tui.core.checkpoints.forked import copies, possible
from parhelia_tui.core.checkpoints.watch import Watch
from parhelia_tui.core.model.errors import ParheliaError

_WORTH = 4000
"""Names below which a second process costs more than it saves."""

_SHARES = 16
"""Parts that each process could get: more are dealt out more evenly."""

_OPENING = 8
"""What opening and watching a directory costs, in names."""

_KEY = attrgetter("st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")

Told = Callable[[int], None]
"""Takes how many names more were seen."""


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
        Their paths; None where that was not found out: too few to be worth it, or a process failed.
    """
    weights: dict[int, int] = {}
    total = _weigh(top, weights)
    if processes < 2 or total < _WORTH or not possible():
        return None
    owners = _deal(top, weights, total, processes)
    acts = [partial(_look_there, number, opened, top, owners, watch) for number in range(1, processes)]
    try:
        with copies(acts) as (there, here):
            reports = [_look(0, opened, top, owners, watch, told)]
            reports += [_Report(*act()) for act in here]
            reports += [_Report(*each.result()) for each in there]
    except (OSError, ParheliaError):
        # Whatever it is: whoever walks over everything meets it again.
        return None
    if watch is not None:
        for report in reports[1:]:
            watch.adopt(report.watches, complete=report.complete)
    return [path for report in reports for path in report.differing]


def _weigh(folder: Folder, weights: dict[int, int]) -> int:
    found = len(folder.names) + _OPENING
    for sub in folder.subs.values():
        found += _weigh(sub, weights)
    weights[id(folder)] = found
    return found


def _deal(top: Folder, weights: Mapping[int, int], total: int, processes: int) -> dict[int, int]:
    """Say which process looks over which directories with all below; those above them are for the first one."""
    owners: dict[int, int] = {}
    loads = [0] * processes
    most = total // (processes * _SHARES)
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        loads[0] += len(folder.names) + _OPENING
        for sub in folder.subs.values():
            weight = weights[id(sub)]
            if weight > most and sub.subs:
                waiting.append(sub)
                continue
            number = loads.index(min(loads))
            loads[number] += weight
            owners[id(sub)] = number
    return owners


def _look_there(
    number: int, opened: int, top: Folder, owners: Mapping[int, int], watch: Watch | None
) -> tuple[list[str], dict[int, str], bool]:
    """Look in a copy of this process; gives a report as plain values."""
    mine = watch.shared() if watch is not None else None
    found = _look(number, opened, top, owners, mine, lambda _: None)
    return found.differing, mine.paths if mine else {}, mine.complete if mine else True


def _look(
    number: int, opened: int, top: Folder, owners: Mapping[int, int], watch: Watch | None, told: Told
) -> _Report:
    """Look over a share. By the working directory: a descriptor in each of 60,000 calls costs a sixth more."""
    found = _Report()
    lists = not tells_of_names(opened)

    def share(inside: int, path: str, folder: Folder) -> None:
        """Go where the directories are that are ours."""
        if number == 0 and not _same(inside, path, folder, watch, told, lists):
            found.differing.append(path)
        for name, sub in folder.subs.items():
            owner = owners.get(id(sub))
            if owner is None:
                below(inside, path, name, sub, share)
            elif owner == number:
                below(inside, path, name, sub, whole)

    def whole(inside: int, path: str, folder: Folder) -> None:
        if not _same(inside, path, folder, watch, told, lists):
            found.differing.append(path)
        for name, sub in folder.subs.items():
            below(inside, path, name, sub, whole)

    def below(
        inside: int, above: str, name: str, folder: Folder, go: Callable[[int, str, Folder], None]
    ) -> None:
        path = f"{above}/{name}" if above else name
        try:
            deeper = os.open(name, DIRECTORY)
        except OSError as error:
            lost(above, path, folder, error)
            return
        try:
            os.fchdir(deeper)
            go(deeper, path, folder)
        except PermissionError as error:
            lost(above, path, folder, error)
        finally:
            os.close(deeper)
            os.fchdir(inside)

    def lost(above: str, path: str, folder: Folder, error: OSError) -> None:
        """Whoever walks there has to find out: gone or replaced, perhaps for a moment, or nobody may look into it."""
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise error
        found.differing += [above, *(each for each, _ in folder.walk(path))]

    with within(opened):
        share(opened, "", top)
    return found


def _same(opened: int, path: str, folder: Folder, watch: Watch | None, told: Told, lists: bool) -> bool:
    if watch is not None:
        watch.add_here(path)
    names = folder.names
    if lists:
        if os.listdir(opened) != names:
            return False
    elif key_of(os.fstat(opened)) != folder.key:
        return False
    try:
        flat = [*chain.from_iterable(map(_KEY, map(os.lstat, names)))]
    except FileNotFoundError:
        return False
    told(len(names))
    return keys(flat) == folder.keys
