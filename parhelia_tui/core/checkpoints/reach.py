"""Which objects trees need."""

from __future__ import annotations

from collections.abc import Iterable

from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.pieces import decode_pieces
from parhelia_tui.core.checkpoints.progress import Teller
from parhelia_tui.core.checkpoints.tree import Tree


def reachable(objects: Objects, trees: Iterable[Tree], teller: Teller) -> set[bytes]:
    """Give the names of all objects that trees need; a directory that several have is read once.

    Raises:
        ParheliaError: E600 when a directory or a list of pieces is missing or damaged: nothing may be thrown away then.
    """
    found: set[bytes] = {NOTHING}
    # What was read is kept apart from what was named: the bytes of a file may be those of a directory or of a list of
    # pieces, and that what they name is needed too says only whoever uses them as such.
    walked: set[bytes] = {NOTHING}
    listed: set[bytes] = {NOTHING}
    waiting = [tree.top.content for tree in trees]
    found.update(waiting)
    while waiting:
        name = waiting.pop()
        if name in walked:
            continue
        walked.add(name)
        directory = objects.directory(name)
        found.update(directory.contents)
        waiting += directory.directories()
        for each in directory.chunked():
            if each not in listed:
                listed.add(each)
                found.update([piece for _, piece in decode_pieces(objects.proved(each))])
        teller.tell("marking", len(found))
    return found
