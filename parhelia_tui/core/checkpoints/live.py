"""A workspace as it is now, in the form of a tree, with nothing stored."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints import stat_cache
from parhelia_tui.core.checkpoints.content import attributes
from parhelia_tui.core.checkpoints.folder import Folder
from parhelia_tui.core.checkpoints.hasher import Hasher
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.checkpoints.manifest import Directory, Entry
from parhelia_tui.core.checkpoints.progress import Teller
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.scan import Scan
from parhelia_tui.core.checkpoints.writing import write_listings


@dataclass(frozen=True, slots=True)
class Live:
    """What a look at a workspace found.

    Attributes:
        top: the workspace itself.
        folder: its directories.
        listings: those that the store does not have, by name.
    """

    top: Entry
    folder: Folder
    listings: dict[bytes, bytes]


def look(
    repository: Repository, source: Path, opened: int, rules: Rules, teller: Teller, processes: int = 1
) -> Live:
    """Look at a workspace; what is as at its last capture is not read.

    Args:
        repository: locked.
        source: the absolute path under which its last capture is remembered.
        opened: its descriptor.
        rules: what is left out.
        processes: as for a capture.
    """
    listings: dict[bytes, bytes] = {}

    def keep(name: bytes, data: bytes, listing: bool) -> None:
        if listing:
            listings[name] = data

    cached = stat_cache.load(repository, source, rules.key)
    hasher = Hasher(keep)
    scan = Scan(repository.objects, hasher, rules, None, teller, processes)
    folder = scan.top(opened, cached.top if cached else None)
    status = os.fstat(opened)
    xattrs = attributes(opened)
    listing = write_listings(folder, scan.changed, repository.objects, hasher.listing)
    mode = stat.S_IFDIR | stat.S_IMODE(status.st_mode)
    top = Entry(".", mode, status.st_mtime_ns, 0, status.st_uid, status.st_gid, listing, xattrs=xattrs)
    return Live(top, folder, listings)


def both(repository: Repository, live: Live, name: bytes) -> Directory:
    """Read a directory of the store or of a live workspace."""
    data = live.listings.get(name)
    return Directory(data) if data is not None else repository.objects.listing(name)
