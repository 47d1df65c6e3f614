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
    waiting = [tree.top.content for tree in trees]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        listing = objects.listing(name)
        below = listing.directories()
        waiting += below
        chunked = listing.chunked()
        for each in chunked:
            if each not in found:
                found.update(piece for _, piece in decode_pieces(objects.proved(each)))
        # Directories are among the contents as well and have yet to be read.
        found.update(set(listing.contents).difference(below))
        teller.tell("marking", len(found))
    return found
