"""Which contents a capture has stored already, known to all processes that share its work."""

from __future__ import annotations

import mmap

from parhelia_tui.core.checkpoints.coding import DIGEST, NOTHING

_SLOTS = 1 << 18
_TRIES = 8
"""So many places are looked at for a name; without room it counts as new, and is stored twice at worst."""


class Claims:
    """Names of contents, each claimed by whoever stores it.

    A capture exists only when all that shared its work came to their end, so what one of them claimed is there then.
    """

    def __init__(self) -> None:
        self._mine: set[bytes] = set()
        self._table: mmap.mmap | None = None

    def share(self) -> None:
        """Share what is claimed from now on with the copies that are made of this process."""
        self._table = mmap.mmap(-1, _SLOTS * DIGEST)

    def take(self, name: bytes) -> bool:
        """Claim a content; False when somebody has it already."""
        if name in self._mine:
            return False
        self._mine.add(name)
        table = self._table
        if table is None:
            return True
        # Without a lock: names of two who write into one place at once become one that nobody has.
        at = int.from_bytes(name[:4], "little") % _SLOTS * DIGEST
        for _ in range(_TRIES):
            found = table[at : at + DIGEST]
            if found == name:
                return False
            if found == NOTHING:
                table[at : at + DIGEST] = name
                return True
            at = (at + DIGEST) % len(table)
        return True
