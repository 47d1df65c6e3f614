"""The walk through a directory and what is below: what is unchanged costs a stat, what changed is read."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Collection

from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.content import attributes, same_file
from parhelia_tui.core.checkpoints.files import DEPTH_LIMIT, DIRECTORY, descriptor
from parhelia_tui.core.checkpoints.folder import UNSURE, Folder, Key, key_of, pack, unpack
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.checkpoints.listed import Listed, listed
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.taking import UNREADABLE, Taker, fresh
from parhelia_tui.core.checkpoints.watch import Watch

STAGING = ".parhelia-rollback-"
"""A rollback works in a directory of this name at the top of a workspace; no checkpoint has it."""

_KINDS = {
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


class Walk:
    """Walks through directories of one workspace.

    Args:
        objects: where listings of the last capture are read.
        taker: reads what is new.
        rules: what is left out.
        watch: is told of each directory before it is listed; None when nobody wants to know.
        tell: is told how many names each directory has.
    """

    def __init__(
        self,
        objects: Objects,
        taker: Taker,
        rules: Rules,
        watch: Watch | None,
        tell: Callable[[int], None],
    ) -> None:
        self._objects = objects
        self._taker = taker
        self._rules = rules
        self._watch = watch
        self._tell = tell
        self.device = -1
        """The file system of the workspace; what lies on another is left out."""
        self.changed: set[str] = set()
        """Directories that were not as they were."""

    def folder(
        self,
        opened: int,
        path: str,
        old: Folder | None,
        forced: Collection[str],
        *,
        keep_subs: bool,
        depth: int,
    ) -> Folder:
        """Walk through a directory.

        Args:
            opened: its descriptor.
            path: below the workspace; empty for that itself.
            old: what was there before; None for all of it.
            forced: names that are read whatever their key says.
            keep_subs: leave directories in it alone that are the same ones as before.
            depth: how many directories it lies in.

        Returns:
            What is there; `old` where nothing is new.

        Raises:
            OSError: it cannot be listed.
        """
        if self._watch is not None:
            self._watch.add(opened, path)
        found = listed(opened)
        self._tell(len(found.names))
        key = UNSURE if fresh(found.own.st_ctime_ns, found.at_ns) else key_of(found.own)
        same = old is not None and not forced and found.keys == old.keys and found.names == old.names
        if old is not None and same and (keep_subs or self._subs(opened, path, old, depth)):
            if old.key != key:
                # Nothing new, but now it is known for sure.
                old.key = key
                self.changed.add(path)
            return old
        made = self._changed(opened, path, old, forced, found, keep_subs, depth)
        made.inode, made.key = found.own.st_ino, key
        made.weigh()
        return made

    def _subs(self, opened: int, path: str, old: Folder, depth: int) -> bool:
        """Walk over all directories in one that is as it was; False when one of them is not to be had."""
        seen = old.key_by_name() if old.subs else {}
        return all(
            self._sub(opened, path, name, seen[os.fsencode(name)], sub, old, depth)
            for name, sub in list(old.subs.items())
        )

    def _sub(
        self, opened: int, path: str, name: str, seen: Key, old: Folder | None, into: Folder, depth: int
    ) -> bool:
        """Walk over a directory in another one; False when there is none that can be walked.

        Args:
            seen: its key when the other one was listed.
        """
        below = f"{path}/{name}" if path else name
        if depth >= DEPTH_LIMIT:
            into.skipped[name] = "too many directories within each other"
            return False
        try:
            inside = os.open(name, DIRECTORY, dir_fd=opened)
        except PermissionError:
            into.skipped[name] = UNREADABLE
            return False
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise
            # Gone or replaced since it was listed.
            self._taker.unsettled.setdefault(path, set()).add(name)
            return False
        with descriptor(inside):
            try:
                sub = self.folder(inside, below, old, (), keep_subs=False, depth=depth + 1)
            except PermissionError:
                # It may be listed, and its names may not be looked at.
                into.skipped[name] = UNREADABLE
                return False
            if into.entries is not None and name in into.entries:
                into.entries[name].xattrs = attributes(inside)
            if key_of(os.fstat(inside)) != seen:
                # What happened to it before it was watched, the watch does not tell: its times stand in the listing.
                self._taker.unsettled.setdefault(path, set()).add(name)
        into.subs[name] = sub
        return True

    def _changed(
        self,
        opened: int,
        path: str,
        old: Folder | None,
        forced: Collection[str],
        found: Listed,
        keep_subs: bool,
        depth: int,
    ) -> Folder:
        self.changed.add(path)
        seen, names = found.seen, found.names
        rows = unpack(found.keys) if old is not None else []
        old_keys = old.key_by_name() if old is not None else {}
        old_entries = old.entries_by_name(self._objects.listing) if old is not None else {}
        entries: dict[str, Entry] = {}
        made = Folder(0, names, b"", entries)
        # What is not as it was listed: to make a key of each name again is a fiftieth of a first checkpoint.
        other: dict[int, Key] = {}
        deeper: list[tuple[str, os.stat_result]] = []
        # By name, and directories last: so the files of one lie in the store in the order in which a restore makes them.
        for at in sorted(range(len(seen)), key=names.__getitem__):
            name, status = seen[at]
            known = old_entries.get(name)
            if (
                known is not None
                and rows
                and rows[at] == old_keys.get(names[at])
                and name not in forced
                and not known.is_directory
            ):
                # The rules are those of then as well, and its key was sure.
                entries[name] = known
                made.files += 1
                made.size += known.size
                if status.st_nlink > 1:
                    made.links[name] = status.st_ino
                continue
            looked_ns = found.at_ns
            mode = status.st_mode
            below = f"{path}/{name}" if path else name
            directory = stat.S_ISDIR(mode)
            if (self._rules and self._rules.leave_out(below, directory)) or (
                not path and directory and name.startswith(STAGING)
            ):
                made.ignored.append(name)
            elif kind := _KINDS.get(stat.S_IFMT(mode)):
                made.skipped[name] = kind
            elif directory:
                deeper.append((name, status))
            else:
                looked_ns = time.time_ns()
                taken = self._taker.take(opened, path, name, status, made)
                if taken is None:
                    other[at] = UNSURE
                elif not same_file(status, taken):
                    other[at] = key_of(taken)
                status = taken or status
            if fresh(status.st_ctime_ns, looked_ns):
                other[at] = UNSURE
        made.keys = found.keys
        if other:
            rows = rows or unpack(found.keys)
            for at, key in other.items():
                rows[at] = key
            made.keys = pack(rows)
        for name, status in deeper:
            if not self._directory(opened, path, name, status, old, forced, made, keep_subs, depth):
                entries.pop(name, None)
        return made

    def _directory(
        self,
        opened: int,
        path: str,
        name: str,
        status: os.stat_result,
        old: Folder | None,
        forced: Collection[str],
        into: Folder,
        keep_subs: bool,
        depth: int,
    ) -> bool:
        if status.st_dev != self.device:
            into.skipped[name] = "another file system"
            return False
        assert into.entries is not None
        entry = Entry(name, status.st_mode, status.st_mtime_ns, 0, status.st_uid, status.st_gid, NOTHING)
        into.entries[name] = entry
        before = old.subs.get(name) if old is not None else None
        if keep_subs and name not in forced and before is not None and before.inode == status.st_ino:
            try:
                with descriptor(os.open(name, DIRECTORY, dir_fd=opened)) as inside:
                    entry.xattrs = attributes(inside)
            except OSError:
                self._taker.unsettled.setdefault(path, set()).add(name)
                return False
            into.subs[name] = before
            return True
        return self._sub(opened, path, name, key_of(status), before, into, depth)
