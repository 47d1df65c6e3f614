"""The walk over a workspace: what is unchanged costs a stat, what changed is read."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Collection, Mapping

from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.content import attributes, same_file
from parhelia_tui.core.checkpoints.files import DEPTH_LIMIT, DIRECTORY, descriptor, open_below
from parhelia_tui.core.checkpoints.folder import UNSURE, Folder, Key, key_of, keys, pack, unpack
from parhelia_tui.core.checkpoints.hasher import Hasher
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.checkpoints.links import add_other_names
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.progress import Teller
from parhelia_tui.core.checkpoints.scouts import differing
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


class Scan:
    """Walks a workspace.

    Args:
        objects: where listings of the last capture are read.
        hasher: takes what is read.
        rules: what is left out.
        watch: is told of each directory before it is listed; None when nobody wants to know.
        teller: is told how many names were seen.
        processes: how many may look for what differs, this one included.
    """

    def __init__(
        self,
        objects: Objects,
        hasher: Hasher,
        rules: Rules,
        watch: Watch | None,
        teller: Teller,
        processes: int = 1,
    ) -> None:
        self._objects = objects
        self._rules = rules
        self._watch = watch
        self._teller = teller
        self._processes = processes
        self._device = -1
        self._seen = 0
        self.changed: set[str] = set()
        """Directories that were not as they were."""
        self._taker = Taker(hasher)

    def unsettled(self) -> Mapping[str, set[str]]:
        """Give and forget directories, with the names in them that did not stand still."""
        found, self._taker.unsettled = self._taker.unsettled, {}
        return found

    def top(self, opened: int, old: Folder | None) -> Folder:
        """Walk over all of it.

        Args:
            opened: descriptor of the workspace.
            old: what a scan saw before; what still has the same key is not read.
        """
        self._device = os.fstat(opened).st_dev
        if old is not None:
            found = differing(opened, old, self._watch, self._processes, self._tell)
            if found is not None:
                return self._again(opened, old, {path: set() for path in found}) if found else old
        return self._folder(opened, "", old, (), keep_subs=False, depth=0)

    def again(self, opened: int, top: Folder, touched: Mapping[str, Collection[str]]) -> Folder:
        """Look at some directories again.

        Args:
            opened: descriptor of the workspace.
            top: what this scan saw before; it is changed in place but for itself.
            touched: directories, with the names in them that are to be read whatever their key says.

        Returns:
            The new top.
        """
        wanted: dict[str, set[str]] = {path: set(names) for path, names in touched.items()}
        for path in touched:
            if path:
                # Its own times and permissions stand in the directory above.
                wanted.setdefault(path.rpartition("/")[0], set())
        add_other_names(top, wanted)
        return self._again(opened, top, wanted)

    def _again(self, opened: int, top: Folder, wanted: Mapping[str, set[str]]) -> Folder:
        """Look at these directories and no others again."""
        for path in sorted(wanted, key=lambda each: each.count("/") if each else -1):
            if not path:
                top = self._folder(opened, "", top, wanted[path], keep_subs=True, depth=0)
                continue
            above, _, name = path.rpartition("/")
            parent = top.within(above)
            old = parent.subs.get(name) if parent is not None else None
            if parent is None or old is None:
                continue
            try:
                inside = open_below(opened, path)
            except OSError:
                # Gone or replaced: the directory above was touched by that too.
                continue
            with descriptor(inside):
                depth = path.count("/") + 1
                try:
                    made = self._folder(inside, path, old, wanted[path], keep_subs=True, depth=depth)
                except PermissionError:
                    self._taker.unsettled.setdefault(above, set()).add(name)
                    continue
                parent.subs[name] = made
        return top

    def _tell(self, names: int) -> None:
        self._seen += names
        self._teller.tell("scanning", self._seen)

    def _folder(
        self,
        opened: int,
        path: str,
        old: Folder | None,
        forced: Collection[str],
        *,
        keep_subs: bool,
        depth: int,
    ) -> Folder:
        if self._watch is not None:
            self._watch.add(opened, path)
        seen: list[tuple[str, os.stat_result]] = []
        names: list[str] = []
        flat: list[int] = []
        own = os.fstat(opened)
        listed_ns = time.time_ns()
        with os.scandir(opened) as found:
            for each in found:
                try:
                    status = each.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                names.append(each.name)
                seen.append((each.name, status))
                flat += (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        now, encoded = keys(flat), os.fsencode("\0".join(names)).split(b"\0") if names else []
        self._tell(len(names))
        key = UNSURE if fresh(own.st_ctime_ns, listed_ns) else key_of(own)
        same = old is not None and not forced and now == old.keys and encoded == old.names
        if old is not None and same and (keep_subs or self._subs(opened, path, old, depth)):
            if old.key != key:
                # Nothing new, but now it is known for sure.
                old.key = key
                self.changed.add(path)
            return old
        made = self._changed(opened, path, old, forced, seen, encoded, now, listed_ns, keep_subs, depth)
        made.inode, made.key = own.st_ino, key
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
                sub = self._folder(inside, below, old, (), keep_subs=False, depth=depth + 1)
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
        seen: list[tuple[str, os.stat_result]],
        names: list[bytes],
        now: bytes,
        listed_ns: int,
        keep_subs: bool,
        depth: int,
    ) -> Folder:
        self.changed.add(path)
        rows = unpack(now) if old is not None else []
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
            looked_ns = listed_ns
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
        made.keys = now
        if other:
            rows = rows or unpack(now)
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
        if status.st_dev != self._device:
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
