"""The scan of a workspace: all of it at first, afterwards the directories in which something may be other."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from parhelia_tui.core.checkpoints.files import descriptor, open_below
from parhelia_tui.core.checkpoints.folder import Folder
from parhelia_tui.core.checkpoints.hasher import Hasher
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.checkpoints.intake import Intake
from parhelia_tui.core.checkpoints.links import add_other_names
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.progress import Teller
from parhelia_tui.core.checkpoints.readers import Readers
from parhelia_tui.core.checkpoints.scouts import differing
from parhelia_tui.core.checkpoints.taking import Taker
from parhelia_tui.core.checkpoints.walk import Walk
from parhelia_tui.core.checkpoints.watch import Watch


class Scan:
    """Scans a workspace.

    Args:
        objects: where listings of the last capture are read.
        hasher: takes what is read.
        rules: what is left out.
        watch: is told of each directory before it is listed; None when nobody wants to know.
        teller: is told how many names were seen, and how much was read.
        processes: how many may look for what differs, this one included.
        intake: takes what the hasher names; where there is one, several processes may read as well.
    """

    def __init__(
        self,
        objects: Objects,
        hasher: Hasher,
        rules: Rules,
        watch: Watch | None,
        teller: Teller,
        processes: int = 1,
        intake: Intake | None = None,
    ) -> None:
        self._objects = objects
        self._rules = rules
        self._intake = intake
        self._watch = watch
        self._teller = teller
        self._processes = processes
        self._seen = 0
        self._read = 0
        self._taker = Taker(hasher, self._tell_read)
        self._walk = Walk(objects, self._taker, rules, watch, self._tell)

    @property
    def changed(self) -> Collection[str]:
        """Directories that were not as they were."""
        return self._walk.changed

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
        self._walk.device = os.fstat(opened).st_dev
        if old is not None:
            found = differing(opened, old, self._watch, self._processes, self._tell)
            if found is not None:
                return self._again(opened, old, {path: set() for path in found}) if found else old
        elif self._watch is not None and self._intake is not None:
            readers = Readers(opened, self._objects, self._rules, self._intake, self._watch, self._processes)
            if (top := readers.read(self._walk, self._taker)) is not None:
                return top
        return self._walk.folder(opened, "", old, (), keep_subs=False, depth=0)

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
                top = self._walk.folder(opened, "", top, wanted[path], keep_subs=True, depth=0)
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
                    made = self._walk.folder(inside, path, old, wanted[path], keep_subs=True, depth=depth)
                except PermissionError:
                    self._taker.unsettled.setdefault(above, set()).add(name)
                    continue
                parent.subs[name] = made
        return top

    def _tell_read(self, size: int) -> None:
        self._read += size
        self._teller.tell("megabytes read", self._read // 1_000_000)

    def _tell(self, names: int) -> None:
        self._seen += names
        self._teller.tell("scanning", self._seen)
