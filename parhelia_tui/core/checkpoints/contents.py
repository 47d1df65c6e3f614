"""What a checkpoint holds, name by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parhelia_tui.core.checkpoints.bounds import Counted
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.text import find
from parhelia_tui.core.model.errors import ParheliaError


@dataclass(frozen=True, slots=True)
class Held:
    """One name.

    Attributes:
        path: from the top, as `os.fsdecode` gives it.
        kind: file, directory or link.
        mode: the permissions.
        size: in bytes; 0 for what is no file.
        modified_at: epoch seconds.
        target: where a link points.
    """

    path: str
    kind: str
    mode: int
    size: int
    modified_at: float
    target: str | None = None


def contents(repository: Repository, tree: str, below: str = "") -> Iterator[Held]:
    """List the names of a tree, each directory before what is in it, in the order of names.

    Args:
        repository: where the checkpoints are; it stays locked until the last name was given.
        tree: the name of a tree.
        below: a path of it; only this and what lies below it.

    Raises:
        ParheliaError: E101 where it has no such path, E600 when it cannot be read.
    """
    with repository.locked():
        top = repository.tree(tree).top
        begin = below.strip("/")
        found = find(repository, top, begin) if begin else top
        if found is None:
            raise ParheliaError("E101", f"the checkpoint has no {begin!r}")
        if begin:
            yield _held(found, begin)
        # Deepest last, and a directory's names are put there backwards: the first comes first.
        counted = Counted()
        waiting = [(found, begin)] if found.is_directory else []
        while waiting:
            directory, path = waiting.pop()
            if path and path != begin:
                yield _held(directory, path)
            if directory.is_directory:
                listing = repository.objects.listing(directory.content)
                counted.go(listing.count, path.count("/"))
                names = [(each, f"{path}/{each.name}" if path else each.name) for each in listing]
                waiting += reversed(names)


def _held(entry: Entry, path: str) -> Held:
    kind = "directory" if entry.is_directory else "link" if entry.is_symlink else "file"
    return Held(path, kind, entry.mode & 0o7777, entry.size, entry.mtime / 1e9, entry.target)
