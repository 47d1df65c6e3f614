"""Listings made from folders: from the bottom up, and only where something changed."""

from __future__ import annotations

from collections.abc import Callable, Collection

from parhelia_tui.core.checkpoints.folder import Folder
from parhelia_tui.core.checkpoints.links import link_ids
from parhelia_tui.core.checkpoints.manifest import encode
from parhelia_tui.core.checkpoints.objects import Objects

Store = Callable[[bytes], bytes]
"""Takes a listing, gives its name."""


def write_listings(top: Folder, changed: Collection[str], objects: Objects, store: Store) -> bytes:
    """Make all listings that are not stored yet; every content has its name already.

    Args:
        top: afterwards every folder in it has its listing.
        changed: paths of all folders that are not as they are stored.
        objects: where listings are that were stored before.

    Returns:
        The name of the top's.
    """
    if not changed and top.listing is not None:
        return top.listing
    ways = {""}
    for path in changed:
        while path not in ways:
            ways.add(path)
            path = path.rpartition("/")[0]
    # Where files have several names, a change in one directory can be one in another that is as it was.
    linked = any(folder.links for folder in top.all())
    return _Writer(link_ids(top) if linked else {}, None if linked else ways, objects, store).write(top, "")


def write_whole(folder: Folder, objects: Objects, store: Store) -> bytes:
    """Make the listings of a folder and of all below, in which no file has another name that counts.

    Returns:
        The name of its own.
    """
    return _Writer({}, None, objects, store).write(folder, "")


class _Writer:
    def __init__(self, ids: dict[int, int], ways: set[str] | None, objects: Objects, store: Store) -> None:
        self._ids = ids
        self._ways = ways
        self._objects = objects
        self._store = store

    def write(self, folder: Folder, path: str) -> bytes:
        if folder.listing is not None and self._ways is not None and path not in self._ways:
            return folder.listing
        below: dict[str, bytes] = {}
        changed = False
        for name, sub in folder.subs.items():
            before = sub.listing
            below[name] = self.write(sub, f"{path}/{name}" if path else name)
            changed = changed or below[name] != before
        ids = {name: self._ids[inode] for name, inode in folder.links.items() if inode in self._ids}
        if folder.listing is not None and folder.entries is None and not changed and ids == folder.link_ids:
            return folder.listing
        entries = folder.entries_by_name(self._objects.listing)
        for name, content in below.items():
            entries[name].content = content
        if ids or folder.link_ids or folder.listing is None:
            for name, entry in entries.items():
                entry.link = ids.get(name)
        folder.listing = self._store(encode(list(entries.values()), folder.skipped))
        folder.link_ids = ids
        # What is stored need not stay in memory as well.
        folder.entries = None
        return folder.listing
