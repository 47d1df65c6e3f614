"""Whether a store holds what it says: every pack, every object, every tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parhelia_tui.core.checkpoints.bounds import Counted
from parhelia_tui.core.checkpoints.coding import NOTHING, is_name
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.progress import Progress, Teller, quiet
from parhelia_tui.core.checkpoints.repository import Repository, reporting
from parhelia_tui.core.checkpoints.segment import Block, Place
from parhelia_tui.core.model.errors import ParheliaError

_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        tree: the tree that cannot be restored whole; empty for damage that no tree needs.
        path: what of it; empty for the tree itself.
        what: what is wrong, one sentence.
    """

    tree: str
    path: str
    what: str


def verify(
    repository: Repository, trees: Iterable[str] | None = None, *, progress: Progress = quiet
) -> list[Problem]:
    """Read everything and compare it with its names.

    Args:
        repository: whose.
        trees: which trees must be whole; all there are when not given.
        progress: is told where this is; what it raises ends it.

    Returns:
        The first thousand problems; none when every tree can be restored and no pack is damaged.
    """
    with repository.locked(), reporting("verify the checkpoint store"):
        teller = Teller(progress)
        bad, problems = _packs(repository, teller)
        checked: set[bytes] = set()
        for name in repository.trees() if trees is None else trees:
            try:
                top = repository.tree(name).top
            except ParheliaError as error:
                problems.append(Problem(name, "", error.message))
                continue
            _Checker(repository, name, bad, problems, checked).folder("", top)
        return problems[:_LIMIT]


def _packs(repository: Repository, teller: Teller) -> tuple[set[bytes], list[Problem]]:
    """Check all objects; give the names of bad ones."""
    index = repository.objects.index
    problems = [Problem("", "", f"Pack {name}: {why}") for name, why in sorted(index.damaged.items())]
    bad: set[bytes] = set()
    segments = index.segments()
    for number, (pack, segment) in enumerate(sorted(segments.items())):
        blocks: dict[Block, list[tuple[bytes, Place]]] = {}
        try:
            for name, place in segment.places():
                blocks.setdefault(place.block, []).append((name, place))
        except ParheliaError as error:
            problems.append(Problem("", "", f"Pack {pack}: {error.message}"))
            bad.update(segment.names())
            continue
        for block, objects in blocks.items():
            try:
                data = repository.objects.block(block)
            except ParheliaError as error:
                problems.append(Problem("", "", f"Pack {pack}: {error.message}"))
                bad.update(name for name, _ in objects)
                continue
            for name, place in objects:
                if not is_name(name, data[place.offset : place.offset + place.length]):
                    problems.append(
                        Problem("", "", f"Pack {pack}: object {name.hex()} is not what was written")
                    )
                    bad.add(name)
        teller.tell("verifying", number, len(segments))
    return bad, problems


class _Checker:
    def __init__(
        self, repository: Repository, tree: str, bad: set[bytes], problems: list[Problem], checked: set[bytes]
    ) -> None:
        self._objects = repository.objects
        self._tree = tree
        self._bad = bad
        self._problems = problems
        self._checked = checked
        self._counted = Counted()

    def folder(self, path: str, entry: Entry) -> None:
        """Check that a directory and all below is there. One that was found whole is not checked twice."""
        if entry.content in self._checked or len(self._problems) > _LIMIT:
            return
        before = len(self._problems)
        try:
            if entry.content in self._bad:
                raise ParheliaError("E600", "the directory is damaged")
            listing = self._objects.listing(entry.content).entries()
            self._counted.go(len(listing), path.count("/"))
        except ParheliaError as error:
            self._problems.append(Problem(self._tree, path, error.message))
            return
        for each in listing:
            below = f"{path}/{each.name}" if path else each.name
            if each.is_directory:
                self.folder(below, each)
            elif each.is_file:
                self._file(below, each)
        if len(self._problems) == before:
            self._checked.add(entry.content)

    def _file(self, path: str, entry: Entry) -> None:
        index = self._objects.index
        try:
            if entry.chunked and entry.content in self._bad:
                raise ParheliaError("E600", "its list of pieces is damaged")
            for length, name in self._objects.pieces(entry.content, entry.size, entry.chunked):
                if name == NOTHING:
                    continue
                if name in self._bad:
                    raise ParheliaError("E600", "its content is damaged")
                if index.place(name).length != length:
                    raise ParheliaError("E600", "its content does not have the size that is written down")
        except ParheliaError as error:
            self._problems.append(Problem(self._tree, path, error.message))
