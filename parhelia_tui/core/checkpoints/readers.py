"""A workspace that is new to the store read by several processes at once.

To read, name and pack what nobody has seen is bound by one processor, and threads of Python take turns. The upper
directories are listed until there are enough below them; those are the parts, and each process takes the next part
whenever it is done with one. A copy of this process writes packs of its own and tells what it saw; it publishes nothing.
"""

from __future__ import annotations

import errno
import os
import struct
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from parhelia_tui.core.checkpoints.below import Below
from parhelia_tui.core.checkpoints.coding import digest
from parhelia_tui.core.checkpoints.files import descriptor, open_below, write_all
from parhelia_tui.core.checkpoints.folder import Folder, from_plain, to_plain
from parhelia_tui.core.checkpoints.forked import EndedEarly, copies, possible
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.checkpoints.intake import Intake, Packed
from parhelia_tui.core.checkpoints.manifest import Directory
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.taking import Taker
from parhelia_tui.core.checkpoints.walk import Walk
from parhelia_tui.core.checkpoints.watch import Watch
from parhelia_tui.core.checkpoints.workspace import STAGING
from parhelia_tui.core.checkpoints.writing import write_whole

_WORTH = 400
"""Names below which a second process costs more than it saves."""

_PARTS = 32
"""About how many parts there are for each process."""

_DEPTH = 16
"""Parts lie no deeper: each step down begins at the top again."""

_NUMBER = struct.Struct("<I")

_Report = tuple[list[tuple[int, tuple[Any, ...]]], Packed, dict[str, set[str]], dict[int, str], bool]
"""Numbers of parts and what came of each, packs, names that did not stand still, watches, and whether they are all."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Several processes that read for one capture.

    Args:
        opened: descriptor of the workspace.
        objects: of the store.
        rules: what is left out.
        intake: takes what is read.
        watch: is told of each directory before it is listed.
        processes: how many read, this one included.
    """

    opened: int
    objects: Objects
    rules: Rules
    intake: Intake
    watch: Watch
    processes: int

    def read(self, walk: Walk, taker: Taker) -> Folder | None:
        """Read all of it.

        Args:
            walk: what this process does itself goes over it, and ends there.
            taker: of that walk.

        Returns:
            The top; None where it is not worth more than one process, or one of them ended early.

        Raises:
            OSError: as for a walk, also in another process.
            ParheliaError: as it was raised in another process.
        """
        if self.processes < 2 or not possible():
            return None
        parts = self._parts(walk.device)
        if len(parts) < 2:
            return None
        self.intake.share()
        with descriptor(os.memfd_create("parts", os.MFD_CLOEXEC)) as numbers:
            write_all(numbers, b"".join(map(_NUMBER.pack, range(len(parts)))))
            os.lseek(numbers, 0, os.SEEK_SET)
            acts = [partial(self._read_there, parts, numbers, walk.device)] * (self.processes - 1)
            walk.elsewhere = frozenset(parts)
            try:
                # What there is no process for is left to those that are there.
                with copies(acts) as (there, _):
                    top = walk.folder(self.opened, "", None, (), keep_subs=False, depth=0)
                    found = dict(self._take(walk, parts, numbers))
                    for below in found.values():
                        if below.folder is not None and not _linked(below.folder):
                            self._seal(below.folder)
                    self.intake.settle()
                    reports: list[_Report] = [each.result() for each in there]
            except EndedEarly:
                walk.elsewhere, walk.left = (), []
                self.intake.begin_again()
                return None
        for said, _, unsettled, watches, complete in reports:
            found.update((number, self._below(plain)) for number, plain in said)
            for path, names in unsettled.items():
                taker.unsettled.setdefault(path, set()).update(names)
            self.watch.adopt(watches, complete=complete)
        self.intake.shared([packed for _, packed, _, _, _ in reports])
        _join(walk, top, {path: found[number] for number, path in enumerate(parts)})
        return top

    def _parts(self, device: int) -> list[str]:
        """Choose directories with no other one of them in it; none where all there is is little."""
        waiting = deque([""])
        parts: list[str] = []
        names = 0
        while waiting and len(waiting) + len(parts) < self.processes * _PARTS:
            path = waiting.popleft()
            try:
                with descriptor(open_below(self.opened, path)) as inside, os.scandir(inside) as found:
                    entries = list(found)
                    deeper = [each for each in entries if self._goes_along(path, each, device)]
            except OSError:
                # Whoever walks over it finds out.
                continue
            names += len(entries)
            if path and (not deeper or path.count("/") >= _DEPTH):
                parts.append(path)
            else:
                waiting += [f"{path}/{each.name}" if path else each.name for each in deeper]
        return [*parts, *waiting] if waiting or names >= _WORTH else []

    def _goes_along(self, above: str, entry: os.DirEntry[str], device: int) -> bool:
        if not entry.is_dir(follow_symlinks=False) or entry.stat(follow_symlinks=False).st_dev != device:
            return False
        if above:
            return not self.rules or not self.rules.leave_out(f"{above}/{entry.name}", True)
        return not entry.name.startswith(STAGING) and not self.rules.leave_out(entry.name, True)

    def _take(self, walk: Walk, parts: Sequence[str], numbers: int) -> Iterator[tuple[int, Below]]:
        """Walk over one part after the other until all are taken.

        Args:
            numbers: descriptor of a file with their numbers. All processes read it at one place that moves on.
        """
        while said := os.read(numbers, _NUMBER.size):
            number: int = _NUMBER.unpack(said)[0]
            above, _, name = parts[number].rpartition("/")
            try:
                opened = open_below(self.opened, above)
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    raise
                yield number, Below()
                continue
            with descriptor(opened):
                yield number, walk.below(opened, parts[number], name, None, parts[number].count("/"))

    def _read_there(self, parts: Sequence[str], numbers: int, device: int) -> _Report:
        """Read in a copy of this process."""
        self.intake.in_copy()
        taker = Taker(self.intake.hasher)
        watch = self.watch.shared()
        walk = Walk(self.objects, taker, self.rules, watch, lambda _: None)
        walk.device = device
        said = [(number, self._plain(below)) for number, below in self._take(walk, parts, numbers)]
        return said, self.intake.close(), taker.unsettled, watch.paths, watch.complete

    def _seal(self, folder: Folder) -> None:
        """Store the listings of a folder and of all below."""

        def store(data: bytes) -> bytes:
            name = self.intake.hasher.listing(data)
            self.objects.hold({name: data})
            return name

        write_whole(folder, self.objects, store)

    def _plain(self, below: Below) -> tuple[Any, ...]:
        """Make plain values of what was found, with the listings; stored where no file has another name elsewhere."""
        if below.folder is None:
            return None, {}, False, *_about(below)
        listings: dict[bytes, bytes] = {}
        linked = _linked(below.folder)

        def store(data: bytes) -> bytes:
            name = digest(data) if linked else self.intake.hasher.listing(data)
            listings[name] = data
            return name

        write_whole(below.folder, self.objects, store)
        return to_plain(below.folder), listings, linked, *_about(below)

    def _below(self, plain: tuple[Any, ...]) -> Below:
        """Read what `_plain` made."""
        said, listings, linked, key, xattrs, skipped = plain
        folder = from_plain(said) if said is not None else None
        if folder is not None and linked:
            _open(folder, listings)
        else:
            self.objects.hold(listings)
        return Below(folder, key, xattrs, skipped)


def _about(below: Below) -> tuple[Any, ...]:
    return below.key, dict(below.xattrs), below.skipped


def _linked(folder: Folder) -> bool:
    """Say whether a file in it may have another name elsewhere: which number it gets is known at the end."""
    return any(each.links for each in folder.all())


def _open(folder: Folder, listings: Mapping[bytes, bytes]) -> None:
    """Give a folder and all below their entries back."""
    for each in folder.all():
        assert each.listing is not None
        each.entries, each.listing = {entry.name: entry for entry in Directory(listings[each.listing])}, None


def _join(walk: Walk, top: Folder, found: Mapping[str, Below]) -> None:
    """Put the parts where they belong."""
    walk.elsewhere = ()
    ways = {""}
    for left in walk.left:
        path = left.above
        if not walk.enter(left, found[f"{path}/{left.name}" if path else left.name]):
            assert left.into.entries is not None
            del left.into.entries[left.name]
        while path not in ways:
            ways.add(path)
            path = path.rpartition("/")[0]
    walk.left = []
    for path in sorted(ways, key=lambda each: each.count("/") if each else -1, reverse=True):
        if (folder := top.within(path)) is not None:
            folder.weigh()
