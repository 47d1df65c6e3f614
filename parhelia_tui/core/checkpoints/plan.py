"""What a rollback has to do: new things to make, paths that change, directories to dress."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from parhelia_tui.core.checkpoints.bounds import Counted
from parhelia_tui.core.checkpoints.changes import Change
from parhelia_tui.core.checkpoints.files import open_below
from parhelia_tui.core.checkpoints.folder import Folder
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.checkpoints.journal import Dress, Step
from parhelia_tui.core.checkpoints.manifest import Directory, Entry
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.model.errors import ParheliaError

_GOES_ALONG = ("socket", "fifo", "device")
"""What nobody can keep; it goes with its directory."""


@dataclass(slots=True)
class Plan:
    """What is to be done.

    Attributes:
        entries: to be made, named by the number of their step.
        steps: paths that change.
        dresses: directories by path.
        created, replaced, removed: how many paths; a directory that comes or goes whole counts as one.
        kept: paths that are left as they are because no checkpoint may have them.
    """

    entries: list[Entry] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    dresses: dict[str, Dress] = field(default_factory=dict)
    created: int = 0
    replaced: int = 0
    removed: int = 0
    kept: list[str] = field(default_factory=list)


class Planner:
    """Makes a plan.

    Args:
        objects: where the wanted tree is.
        top: of the wanted tree.
        folder: the workspace as it is.
        opened: its descriptor.
        rules: what is left out of it.
    """

    def __init__(self, objects: Objects, top: Entry, folder: Folder, opened: int, rules: Rules) -> None:
        self._objects = objects
        self._folder = folder
        self._opened = opened
        self._rules = rules
        self._wanted: dict[str, Entry] = {"": top}
        self._links: set[int] = set()
        self._taken: set[str] = set()
        self._placed, self._looked_at = Counted(), Counted()
        self.plan = Plan()

    def make(self, changes: Iterator[Change]) -> Plan:
        """Make it of the changes from the workspace to the wanted tree, directories whole.

        Raises:
            ParheliaError: E600 when the wanted tree is damaged, or something that must be kept stands in the way.
        """
        unknown = set(self._unknown())
        self.plan.kept += sorted(unknown)
        self._taken |= unknown
        for change in changes:
            if change.path in unknown:
                continue
            old, new = change.before, change.after
            if old is not None and new is not None and old.is_directory and new.is_directory:
                self._dress(change.path)
            elif new is None:
                self._remove(change.path, old)
            else:
                self._place(change.path, old, new)
        self._whole_groups()
        self._dress("")
        self.plan.kept = list(dict.fromkeys(self.plan.kept))
        return self.plan

    def _unknown(self) -> list[str]:
        """Give what is there and could not be read: no checkpoint has it, so nothing may take its place."""
        return [
            f"{path}/{name}" if path else name
            for path, folder in self._folder.walk()
            for name, reason in folder.skipped.items()
            if reason not in _GOES_ALONG
        ]

    def _place(self, path: str, old: Entry | None, new: Entry) -> None:
        if old is None and self._left_out(path, new):
            self.plan.kept.append(path)
            return
        if old is not None and old.is_directory and (inside := next(self._kept_within(path), None)):
            raise ParheliaError(
                "E600",
                "A directory that no checkpoint may have whole is where the checkpoint has a file; "
                "move it away and try again.",
                details={"path": _shown(inside)},
            )
        if old is None:
            self.plan.created += 1
        else:
            self.plan.replaced += 1
        if new.link is not None:
            self._links.add(new.link)
        self._links.update(link for link in self._links_within(new))
        self._step(path, new)

    def _remove(self, path: str, old: Entry | None) -> None:
        above, _, name = path.rpartition("/")
        if name in self._listing(above).skipped:
            # The checkpoint could not have it: that does not say that it was not there.
            self.plan.kept.append(path)
            return
        if old is not None and old.is_directory and (kept := list(self._kept_within(path))):
            self.plan.kept += kept
            self._remove_around(path, kept)
            return
        self.plan.removed += 1
        self._step(path, None)

    def _remove_around(self, path: str, kept: list[str]) -> None:
        """Remove all in a directory but what is kept and the directories that lead there."""
        folder = self._folder.within(path)
        for name in folder.names if folder is not None else ():
            below = f"{path}/{os.fsdecode(name)}"
            if below in kept:
                continue
            inside = [each for each in kept if each.startswith(f"{below}/")]
            if inside:
                self._remove_around(below, inside)
            else:
                self.plan.removed += 1
                self._step(below, None, dress=False)

    def _step(self, path: str, new: Entry | None, *, dress: bool = True) -> None:
        number = len(self.plan.steps)
        self._taken.add(path)
        self.plan.steps.append(Step(number, path, new is not None))
        if dress:
            self._dress(path.rpartition("/")[0])
        if new is not None:
            self.plan.entries.append(replace(new, name=str(number)))
            if new.is_directory:
                self.plan.dresses[path] = Dress.of(path, new)

    def _dress(self, path: str) -> None:
        if path not in self.plan.dresses:
            self.plan.dresses[path] = Dress.of(path, self._entry(path))

    def _entry(self, path: str) -> Entry:
        """Give a directory of the wanted tree."""
        if path not in self._wanted:
            above = path.rpartition("/")[0]
            for each in self._listing(above):
                if each.is_directory:
                    self._wanted[f"{above}/{each.name}" if above else each.name] = each
        return self._wanted[path]

    def _listing(self, path: str) -> Directory:
        return self._objects.listing(self._entry(path).content)

    def _left_out(self, path: str, new: Entry) -> bool:
        """Say whether the rules hide something that is there."""
        if not self._rules or not self._rules.leave_out(path, new.is_directory):
            return False
        above, _, name = path.rpartition("/")
        try:
            inside = open_below(self._opened, above)
        except OSError:
            return False
        try:
            os.stat(name, dir_fd=inside, follow_symlinks=False)
        except FileNotFoundError:
            return False
        finally:
            os.close(inside)
        return True

    def _kept_within(self, path: str) -> Iterator[str]:
        """Give what in a directory of the workspace must stay."""
        folder = self._folder.within(path)
        for below, each in folder.walk(path) if folder is not None else ():
            for name in each.ignored:
                yield f"{below}/{name}"
            for name, reason in each.skipped.items():
                if reason not in _GOES_ALONG:
                    yield f"{below}/{name}"

    def _links_within(self, entry: Entry, depth: int = 0) -> Iterator[int]:
        if entry.is_directory:
            listing = self._objects.listing(entry.content)
            self._placed.go(listing.count, depth)
            for each in listing:
                if each.link is not None:
                    yield each.link
                yield from self._links_within(each, depth + 1)

    def _whole_groups(self) -> None:
        """Make all names of a file anew when one is: a new file cannot be one with what is there."""
        if self._links:
            self._find_members("", self._wanted[""])

    def _find_members(self, path: str, entry: Entry) -> None:
        listing = self._objects.listing(entry.content)
        self._looked_at.go(listing.count, path.count("/"))
        for each in listing:
            below = f"{path}/{each.name}" if path else each.name
            if below in self._taken:
                continue
            if each.is_directory:
                self._find_members(below, each)
            elif each.link in self._links:
                self.plan.replaced += 1
                self._step(below, each)


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
