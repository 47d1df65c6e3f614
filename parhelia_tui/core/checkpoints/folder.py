"""One directory of a workspace as a scan saw it, and what of it is kept for the next scan."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from parhelia_tui.core.checkpoints.manifest import Entry

KEY = 32
UNSURE = bytes(KEY)
"""The key of a name that is to be looked at again in any case."""


def keys(flat: list[int]) -> bytes:
    """Pack inode, size, mtime and ctime of names, one after the other, into their keys."""
    try:
        return struct.pack(f"<{len(flat)}q", *flat)
    except struct.error:
        # Inodes of 64 bits, times after 2262.
        return b"".join([(each & (1 << 64) - 1).to_bytes(8, "little") for each in flat])


def key_of(status: os.stat_result) -> bytes:
    """Give the key of one name."""
    return keys([status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns])


@dataclass(slots=True)
class Folder:
    """A directory.

    Attributes:
        inode: its own.
        names: all that were seen, in the order of the directory, also of what is no part of the checkpoint.
        keys: inode, size, mtime and ctime of each, `KEY` bytes each.
        entries: what the listing is made of; None when the stored listing has it.
        subs: the directories in it.
        listing: the name of the stored listing; None when it has to be made.
        skipped: names that cannot be part of a checkpoint, with the reason.
        ignored: names that the rules leave out.
        links: inode of names that are not the only one of their file.
        link_ids: what the stored listing says about them.
        files: names of files and symbolic links in it, without those of `subs`.
        size: bytes that they hold.
        key: its own inode, size, mtime and ctime, taken before it was listed: while that is the same, so are `names`.
    """

    inode: int
    names: list[str]
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
    key: bytes = UNSURE

    def key_by_name(self) -> dict[str, bytes]:
        """Give the key of each name."""
        packed = self.keys
        return {name: packed[at * KEY : at * KEY + KEY] for at, name in enumerate(self.names)}

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
        "\0".join(folder.names),
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
    inode, names, keys, listing, subs, *rest = plain
    children = {name: from_plain(sub) for name, sub in subs.items()}
    return Folder(inode, names.split("\0") if names else [], keys, None, children, listing, *rest)
