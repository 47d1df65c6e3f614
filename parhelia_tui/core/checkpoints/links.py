"""Names of one file: files of a workspace that have several."""

from __future__ import annotations

import os

from parhelia_tui.core.checkpoints.coding import digest
from parhelia_tui.core.checkpoints.folder import Folder


def add_other_names(top: Folder, wanted: dict[str, set[str]]) -> None:
    """Add the other names of files of which one name is wanted: inotify tells of one name alone."""
    inodes: set[int] = set()
    for path, names in wanted.items():
        folder = top.within(path)
        if folder is not None and folder.links:
            inodes.update(folder.links[name] for name in names if name in folder.links)
    if not inodes:
        # The pause of an agent does not grow with the number of directories.
        return
    for path, folder in top.walk():
        if folder.links:
            names = {name for name, inode in folder.links.items() if inode in inodes}
            if names:
                wanted.setdefault(path, set()).update(names)


def link_ids(top: Folder) -> dict[int, int]:
    """Number the files that have several names in the workspace, by the first of them: inodes do not outlive a restore."""
    first: dict[int, bytes] = {}
    several: set[int] = set()
    for path, folder in top.walk():
        for name, inode in folder.links.items():
            full = os.fsencode(f"{path}/{name}" if path else name)
            if inode in first:
                several.add(inode)
                first[inode] = min(first[inode], full)
            else:
                first[inode] = full
    return {inode: int.from_bytes(digest(first[inode])[:6], "little") for inode in several}
