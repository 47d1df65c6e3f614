"""Files and directories made out of a tree, below a directory descriptor, without following a link anywhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from parhelia_tui.core.checkpoints.bounds import Counted
from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.files import DIRECTORY, descriptor, open_below
from parhelia_tui.core.checkpoints.forked import copies, possible
from parhelia_tui.core.checkpoints.making import dress, link, make
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.progress import Teller

Job = tuple[str, Sequence[Entry]]
"""A directory, and files and links to make in it."""

_JOB = 64
"""Files of one job. A directory of many is cut into several, so that more than one can write it, and so that it is told
how far it is; a job costs the opening of its directory."""

_THREADS = 2
_WORTH = 400
"""Files below which a second process costs more than it saves."""

_FILE = 32 << 10
"""What it costs to make a file, in bytes to write."""


@dataclass(slots=True)
class Built:
    """What was made.

    Attributes:
        files: names of files and symbolic links.
        bytes: what they hold.
        lost: paths whose attributes or owner this file system does not take, with the reason.
        skipped: what the checkpoint does not have, with the reason.
    """

    files: int = 0
    bytes: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class Builder:
    """Makes what entries say: first all directories, then the files in several shares at once.

    Args:
        objects: where it comes from.
        teller: is told how many files were made.
        total: how many there will be, for the teller.
        durable: each file is brought to the disk before the next.
        processes: how many may write, this one included; where this process has threads, threads of it write.
    """

    def __init__(
        self, objects: Objects, teller: Teller, total: int = 0, *, durable: bool = False, processes: int = 1
    ) -> None:
        self._durable = durable
        self._objects = objects
        self._teller = teller
        self._total = total
        self._processes = processes
        self._first: dict[int, tuple[str, str]] = {}
        self._links: list[tuple[str, str, str, str]] = []
        self._folders: list[tuple[str, Entry]] = []
        self._jobs: list[Job] = []
        self._failure: BaseException | None = None
        self._counted = Counted()
        self.built = Built()

    def fill(self, opened: int, top: Entry) -> None:
        """Fill an empty directory and give it what `top` says.

        Args:
            opened: its descriptor; nobody else writes below it.

        Raises:
            ParheliaError: E600 when something is missing or damaged.
            OSError: when something cannot be made.
        """
        self._folders.append(("", top))
        self._folder(opened, "", top, 0)
        self._run(opened)

    def make_all(self, opened: int, entries: Sequence[Entry]) -> None:
        """Make files and directories, each with all that is in it, in an empty directory.

        Args:
            opened: its descriptor; nobody else writes below it.
            entries: no two with one name. Those that share a `link` become one file.

        Raises:
            ParheliaError: E600 when something is missing or damaged.
            OSError: when something cannot be made.
        """
        self._entries(opened, "", entries, 0)
        self._run(opened)

    def _run(self, opened: int) -> None:
        # In the order of the store, so that each block is unpacked once.
        self._jobs.sort(key=lambda job: self._place(job[1]))
        few = sum(len(entries) for _, entries in self._jobs) < _WORTH
        if few:
            self._write(opened, self._jobs, self._told(self._jobs))
        elif self._processes > 1 and possible():
            # What was unpacked to find out what there is to do would lie in the memory of each copy too.
            self._objects.close()
            first, *others = shares(self._jobs, self._processes)
            with copies(partial(self._write, opened, each, None) for each in others) as (there, here):
                self._write(opened, first, self._told(first))
                for act in here:
                    act()
                for each in there:
                    self.built.lost.update(each.result())
        else:
            self._in_threads(opened)
        for from_path, from_name, path, name in self._links:
            link(opened, from_path, from_name, path, name)
        for path, entry in reversed(self._folders):
            with descriptor(open_below(opened, path)) as inside:
                if why := dress(inside, entry):
                    self.built.lost[path] = why

    def _place(self, entries: Sequence[Entry]) -> tuple[str, int, int]:
        """Say where the first content of a directory's files lies; nowhere for files without any."""
        for each in entries:
            if each.content != NOTHING:
                block, offset, _ = self._objects.index.place(each.content)
                return block.pack, block.offset, offset
        return "", 0, 0

    def _told(self, share: Sequence[Job]) -> Callable[[int], None]:
        """Give what tells how many files of a share are made; the others are about as far."""
        files = sum(len(entries) for _, entries in share)
        return lambda done: self._teller.tell("restoring", done * self._total // files, self._total)

    def _folder(self, opened: int, path: str, entry: Entry, depth: int) -> None:
        listing = self._objects.directory(entry.content)
        for name, reason in listing.skipped.items():
            self.built.skipped[f"{path}/{name}" if path else name] = reason
        self._entries(opened, path, listing.entries(), depth)

    def _entries(self, opened: int, path: str, entries: Sequence[Entry], depth: int) -> None:
        self._counted.go(len(entries), depth)
        files: list[Entry] = []
        deeper: list[Entry] = []
        for each in entries:
            if each.is_directory:
                deeper.append(each)
                continue
            self.built.files += 1
            self.built.bytes += each.size
            if each.link is not None:
                if each.link in self._first:
                    self._links.append((*self._first[each.link], path, each.name))
                    continue
                self._first[each.link] = (path, each.name)
            files.append(each)
        self._jobs += [(path, files[start : start + _JOB]) for start in range(0, len(files), _JOB)]
        self._teller.tell("restoring", 0, self._total)
        for each in deeper:
            below = f"{path}/{each.name}" if path else each.name
            os.mkdir(each.name, 0o700, dir_fd=opened)
            self._folders.append((below, each))
            with descriptor(os.open(each.name, DIRECTORY, dir_fd=opened)) as inside:
                self._folder(inside, below, each, depth + 1)

    def _in_threads(self, opened: int) -> None:
        """Write in this process: what unpacks and what writes does not wait for each other."""
        threads = [
            threading.Thread(
                target=self._work, args=(opened, each, number), name=f"checkpoint-build-{number}", daemon=True
            )
            for number, each in enumerate(shares(self._jobs, _THREADS))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self, opened: int, jobs: Sequence[Job], number: int) -> None:
        try:
            self._write(opened, jobs, self._told(jobs) if number == 0 else None)
        except BaseException as error:
            # The others look at it.
            self._failure = self._failure or error

    def _write(self, top: int, jobs: Sequence[Job], told: Callable[[int], None] | None) -> dict[str, str]:
        """Write a share; gives all that was lost so far in this process."""
        objects = self._objects.sibling()
        done = 0
        try:
            for path, entries in jobs:
                if self._failure is not None:
                    break
                with descriptor(open_below(top, path)) as inside:
                    for each in entries:
                        if why := make(objects, inside, each.name, each, durable=self._durable):
                            self.built.lost[f"{path}/{each.name}" if path else each.name] = why
                done += len(entries)
                if told is not None:
                    told(done)
            return self.built.lost
        finally:
            objects.close()


def shares(jobs: Sequence[Job], count: int) -> list[Sequence[Job]]:
    """Cut jobs into so many runs that cost about the same: neighbours lie together in the store as well."""
    weights = [sum(_FILE + each.size for each in entries) for _, entries in jobs]
    total, reached, cuts = sum(weights), 0, [0]
    for number, weight in enumerate(weights):
        reached += weight
        while len(cuts) < count and reached * count >= total * len(cuts):
            cuts.append(number + 1)
    cuts += [len(jobs)] * (count + 1 - len(cuts))
    return [jobs[one:other] for one, other in pairwise(cuts)]
