"""The walk through a directory and what is below: what is unchanged costs a stat, what changed is read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection

from parhelia_tui.core.checkpoints.below import Below, Left
from parhelia_tui.core.checkpoints.bounds import DEPTH_LIMIT, NAMES_LIMIT
from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.content import attributes
from parhelia_tui.core.checkpoints.files import DIRECTORY, descriptor
from parhelia_tui.core.checkpoints.folder import UNSURE, Folder, Key, key_of, pack, unpack
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.checkpoints.listed import Listed, listed
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.taking import COARSE_NS, UNREADABLE, Taker, fresh
from parhelia_tui.core.checkpoints.watch import Watch
from parhelia_tui.core.checkpoints.workspace import STAGING, too_many

_TAKEN = (stat.S_IFREG, stat.S_IFLNK)
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
        self._met = 0
        self.device = -1
        """The file system of the workspace; what lies on another is left out."""
        self.changed: set[str] = set()
        """Directories that were not as they were."""
        self.elsewhere: Collection[str] = ()
        """Directories that are walked by others, with all that is in them."""
        self.left: list[Left] = []
        """Those of them that were met."""

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
        self._met += len(found.names)
        if self._met > NAMES_LIMIT:
            raise too_many()
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
        if below in self.elsewhere:
            self.left.append(Left(path, name, seen, into))
            return True
        return self.enter(Left(path, name, seen, into), self.below(opened, below, name, old, depth))

    def below(self, opened: int, path: str, name: str, old: Folder | None, depth: int) -> Below:
        """Walk over a directory in another one, whatever that is.

        Args:
            opened: descriptor of the other one.
            path: of the one that is walked.
            name: its name.
        """
        if depth >= DEPTH_LIMIT:
            return Below(skipped="too many directories within each other")
        try:
            inside = os.open(name, DIRECTORY, dir_fd=opened)
        except PermissionError:
            return Below(skipped=UNREADABLE)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise
            return Below()
        with descriptor(inside):
            try:
                folder = self.folder(inside, path, old, (), keep_subs=False, depth=depth + 1)
            except PermissionError:
                # It may be listed, and its names may not be looked at.
                return Below(skipped=UNREADABLE)
            return Below(folder, key_of(os.fstat(inside)), attributes(inside))

    def enter(self, left: Left, found: Below) -> bool:
        """Put what was found into the directory above; False when it is no part of it."""
        name, into = left.name, left.into
        if found.folder is None:
            if found.skipped is not None:
                into.skipped[name] = found.skipped
            else:
                # Gone or replaced since it was listed.
                self._taker.unsettled.setdefault(left.above, set()).add(name)
            return False
        if into.entries is not None and name in into.entries:
            into.entries[name].xattrs = found.xattrs
        if found.key != left.seen:
            # What happened to it before it was watched, the watch does not tell: its times stand in the listing.
            self._taker.unsettled.setdefault(left.above, set()).add(name)
        into.subs[name] = found.folder
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
        # What changed before that cannot have changed again without a trace: most names need no closer look.
        old_ns = found.at_ns - COARSE_NS
        rows = unpack(found.keys) if old is not None else []
        old_keys = old.key_by_name() if old is not None else {}
        old_entries = old.entries_by_name(self._objects.listing) if old is not None else {}
        entries: dict[str, Entry] = {}
        made = Folder(0, names, b"", entries)
        # What is not as it was listed: to make a key of each name again is a fiftieth of a first checkpoint.
        other: dict[int, Key] = {}
        deeper: list[int] = []
        # By name, and directories last: so the files of one lie in the store in the order in which a restore makes them.
        for at in sorted(range(len(seen)), key=names.__getitem__):
            name, status = found.found[at], seen[at]
            known = old_entries.get(name) if old_entries else None
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
            kind = stat.S_IFMT(status.st_mode)
            directory = kind == stat.S_IFDIR
            if self._rules and self._rules.leave_out(f"{path}/{name}" if path else name, directory):
                made.ignored.append(name)
            elif kind in _TAKEN:
                taken = self._taker.take(opened, path, name, status, made)
                if taken is None:
                    other[at] = UNSURE
                elif taken is not status:
                    status = taken
                    other[at] = key_of(taken)
            elif not directory:
                made.skipped[name] = _KINDS.get(kind, "device")
            elif not path and name.startswith(STAGING):
                made.ignored.append(name)
            else:
                deeper.append(at)
            if status.st_ctime_ns > old_ns and fresh(status.st_ctime_ns, found.at_ns):
                other[at] = UNSURE
        made.keys = found.keys
        if other:
            rows = rows or unpack(found.keys)
            for at, key in other.items():
                rows[at] = key
            made.keys = pack(rows)
        for at in deeper:
            name = found.found[at]
            if not self._directory(opened, path, name, seen[at], old, forced, made, keep_subs, depth):
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
