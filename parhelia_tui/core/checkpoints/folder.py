"""One directory of a workspace as a scan saw it, and what of it is kept for the next scan."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from parhelia_tui.core.checkpoints.manifest import Directory, Entry

Key = tuple[int, ...]
"""Inode, size, mtime and ctime of a name, the times as seconds and nanoseconds."""

UNSURE: Key = (0,) * 6
"""The key of a name that is to be looked at again in any case."""

_OPENING = 8
"""What opening and watching a directory costs, in names."""

_SECOND = 1_000_000_000
_WORD = (1 << 64) - 1


def key_of(status: os.stat_result) -> Key:
    """Give the key of one name."""
    mtime, ctime = status.st_mtime_ns, status.st_ctime_ns
    return (
        status.st_ino,
        status.st_size,
        mtime // _SECOND,
        mtime % _SECOND,
        ctime // _SECOND,
        ctime % _SECOND,
    )


def keys(seen: Sequence[os.stat_result]) -> bytes:
    """Pack the keys of names, all in one go."""
    mtimes, ctimes = [each.st_mtime_ns for each in seen], [each.st_ctime_ns for each in seen]
    return _columns(
        [
            *[each.st_ino for each in seen],
            *[each.st_size for each in seen],
            *[each // _SECOND for each in mtimes],
            *[each % _SECOND for each in mtimes],
            *[each // _SECOND for each in ctimes],
            *[each % _SECOND for each in ctimes],
        ]
    )


def pack(rows: Sequence[Key]) -> bytes:
    """Pack the keys of names, column by column: so they come out of the kernel's answers (`lstat.py`)."""
    return _columns([*chain.from_iterable(zip(*rows, strict=True))])


def unpack(packed: bytes) -> list[Key]:
    """Give the keys that were packed."""
    words = memoryview(packed).cast("q")
    count = len(words) // len(UNSURE)
    return list(zip(*(words[at : at + count] for at in range(0, len(words), count or 1)), strict=True))


def _columns(words: Sequence[int]) -> bytes:
    try:
        return struct.pack(f"{len(words)}q", *words)
    except struct.error:
        # Inodes of 64 bits.
        return struct.pack(f"{len(words)}Q", *[each & _WORD for each in words])


@dataclass(slots=True)
class Folder:
    """A directory.

    Attributes:
        inode: its own.
        names: all that were seen, as bytes in the order of the directory, also of what is no part of the checkpoint.
        keys: of each, in columns (`pack`).
        entries: what the listing is made of; None when the stored listing has it.
        subs: the directories in it.
        listing: the name of the stored listing; None when it has to be made.
        skipped: names that cannot be part of a checkpoint, with the reason.
        ignored: names that the rules leave out.
        links: inode of names that are not the only one of their file.
        link_ids: what the stored listing says about them.
        files: names of files and symbolic links in it, without those of `subs`.
        size: bytes that they hold.
        key: its own, taken before it was listed: while that is the same, so are `names`.
        weight: about what it costs to look at it and all below, in names; as it was when it was walked as a whole.
    """

    inode: int
    names: list[bytes]
    keys: bytes
    entries: dict[str, Entry] | None
    subs: dict[str, Folder] = field(default_factory=dict)
    listing: bytes | None = None
    skipped: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    links: dict[str, int] = field(default_factory=dict)
    link_ids: dict[str, int] = field(default_factory=dict)
    files: int = 0
    size: int = 0
    key: Key = UNSURE
    weight: int = 0

    def key_by_name(self) -> dict[bytes, Key]:
        """Give the key of each name."""
        return dict(zip(self.names, unpack(self.keys), strict=True))

    def entries_by_name(self, listing: Callable[[bytes], Directory]) -> dict[str, Entry]:
        """Give its entries, out of the stored listing where they are not in memory."""
        if self.entries is None and self.listing is not None:
            return {each.name: each for each in listing(self.listing)}
        return self.entries or {}

    def weigh(self) -> None:
        """Add up what it costs to look at it."""
        self.weight = len(self.names) + _OPENING + sum([each.weight for each in self.subs.values()])

    def paths(self, above: str, name: str) -> list[str]:
        """Give the paths of this and all directories below, when it is called so in the directory `above`."""
        return [path for path, _ in self.walk(f"{above}/{name}" if above else name)]

    def all(self) -> Iterator[Folder]:
        """Give this and all directories below, in no order; half the cost of `walk`."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield folder
            waiting += folder.subs.values()

    def walk(self, path: str = "") -> Iterator[tuple[str, Folder]]:
        """Give this and all directories below, each with its path (the top's is empty)."""
        waiting = [(path, self)]
        while waiting:
            above, folder = waiting.pop()
            yield above, folder
            waiting += [(f"{above}/{name}" if above else name, sub) for name, sub in folder.subs.items()]

    def within(self, path: str) -> Folder | None:
        """Find a directory below."""
        found: Folder | None = self
        for name in path.split("/") if path else ():
            found = found.subs.get(name) if found is not None else None
        return found


def to_plain(folder: Folder) -> tuple[Any, ...]:
    """Turn a folder whose listings are all stored into what marshal writes."""
    return (
        folder.inode,
        b"\0".join(folder.names),
        folder.keys,
        folder.listing,
        {name: to_plain(sub) for name, sub in folder.subs.items()},
        folder.skipped,
        folder.ignored,
        folder.links,
        folder.link_ids,
        folder.files,
        folder.size,
        folder.key,
    )


def from_plain(plain: tuple[Any, ...]) -> Folder:
    """Read what `to_plain` made."""
    inode, names, packed, listing, subs, *rest = plain
    children = {name: from_plain(sub) for name, sub in subs.items()}
    made = Folder(inode, names.split(b"\0") if names else [], packed, None, children, listing, *rest)
    made.weigh()
    return made
