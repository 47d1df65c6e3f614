"""What was added, changed and deleted between two checkpoints, or between one and the workspace now."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints.changes import Change, changes
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.progress import Progress, Teller, quiet
from parhelia_tui.core.checkpoints.repository import Repository, reporting


@dataclass(frozen=True, slots=True)
class Side:
    """One path on one side.

    Attributes:
        kind: "file", "directory" or "symlink".
        mode: permissions, without the kind.
        size: in bytes; 0 for a directory.
        mtime_ns: in nanoseconds.
        content: the same for the same bytes, hexadecimal; empty for what is no file.
        target: of a symbolic link.
    """

    kind: str
    mode: int
    size: int
    mtime_ns: int
    content: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One path that differs; `before` is None when it was added, `after` when it was deleted."""

    path: str
    before: Side | None
    after: Side | None

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, or was one."""
        side = self.after or self.before
        return side is not None and side.kind == "directory"


@dataclass(frozen=True, slots=True)
class Diff:
    """All differences, each ordered by path. A directory of which only the time differs is none."""

    added: tuple[Difference, ...]
    changed: tuple[Difference, ...]
    deleted: tuple[Difference, ...]


def diff(
    repository: Repository,
    before: str,
    after: str | Path,
    *,
    ignore: Sequence[str] = (),
    progress: Progress = quiet,
    processes: int = 1,
) -> Diff:
    """Compare a checkpoint with another one, or with a workspace as it is now.

    Args:
        repository: where they are.
        before: name of a tree.
        after: name of a tree, or a workspace.
        ignore: as for the capture; of use with a workspace alone.
        progress: is told where a look at a workspace is.
        processes: how many may look at one.

    Raises:
        ParheliaError: E204 when the workspace cannot be opened; E600 when a tree is missing or damaged.
    """
    with repository.locked():
        old = repository.tree(before)
        if isinstance(after, str):
            return _sorted_out(changes(repository.objects.listing, old.top, repository.tree(after).top))
        with reporting("look at the workspace"):
            return _sorted_out(_since(repository, old.top, after, ignore, Teller(progress), processes))


def _since(
    repository: Repository, old: Entry, workspace: Path, ignore: Sequence[str], teller: Teller, processes: int
) -> Iterator[Change]:
    # What walks over a workspace is 15 ms of imports that two checkpoints do without.
    from functools import partial

    from parhelia_tui.core.checkpoints.live import both, look
    from parhelia_tui.core.checkpoints.workspace import open_workspace, workspace_rules

    source = Path(os.path.abspath(workspace))
    with open_workspace(source) as opened:
        rules = workspace_rules(opened, ignore)
        live = look(repository, source, opened, rules, teller, processes)
    yield from changes(partial(both, repository, live), old, live.top)


def _sorted_out(found: Iterable[Change]) -> Diff:
    added: list[Difference] = []
    changed: list[Difference] = []
    deleted: list[Difference] = []
    for change in found:
        one = Difference(change.path or ".", _side(change.before), _side(change.after))
        if one.before is None:
            added.append(one)
        elif one.after is None:
            deleted.append(one)
        elif not _only_time(change):
            changed.append(one)
    return Diff(tuple(added), tuple(changed), tuple(deleted))


def _only_time(change: Change) -> bool:
    """A directory's time follows what happens in it, and that is told by itself."""
    old, new = change.before, change.after
    return (
        old is not None
        and new is not None
        and old.is_directory
        and new.is_directory
        and (old.mode, old.uid, old.gid, old.xattrs) == (new.mode, new.uid, new.gid, new.xattrs)
    )


def _side(entry: Entry | None) -> Side | None:
    if entry is None:
        return None
    kind = "directory" if entry.is_directory else "symlink" if entry.is_symlink else "file"
    content = entry.content.hex() if entry.is_file else ""
    return Side(kind, stat.S_IMODE(entry.mode), entry.size, entry.mtime, content, entry.target)
