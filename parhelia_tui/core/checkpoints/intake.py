"""What a capture reads on its way into the store: named, and packed where the store does not have it yet."""

from __future__ import annotations

import os
from collections.abc import Sequence

from parhelia_tui.core.checkpoints.claims import Claims
from parhelia_tui.core.checkpoints.files import write_all
from parhelia_tui.core.checkpoints.hasher import Hasher
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.packs import PackWriter
from parhelia_tui.core.checkpoints.segment import PACK_NAME

Packed = tuple[list[str], int]
"""Names of packs that are on the disk and have yet to be published, and the bytes that were written."""


class Intake:
    """Takes what one capture reads, by one process or by copies of it.

    Args:
        packs: descriptor of the directory of packs; it stays the caller's.
        objects: what the store has.
    """

    def __init__(self, packs: int, objects: Objects) -> None:
        self._packs = packs
        self._index = objects.index
        self._claims = Claims()
        self._noted = -1
        self._writer = PackWriter(packs)
        self.hasher = Hasher(self._keep)

    def _keep(self, name: bytes, data: bytes, listing: bool) -> None:
        if self._claims.take(name) and name not in self._index:
            self._writer.add(name, data, listing=listing)

    @property
    def written(self) -> int:
        """Bytes that went into packs so far."""
        return self._writer.written

    def share(self) -> None:
        """Make ready for copies of this process."""
        self._claims.share()
        self._noted = os.memfd_create("packs", os.MFD_CLOEXEC)

    def in_copy(self) -> None:
        """Begin in a copy of this process: it writes packs of its own."""
        self._writer = PackWriter(self._packs, lambda name: write_all(self._noted, name.encode()))

    def settle(self) -> None:
        """Wait until what fills packs is on the disk, while others have yet to end."""
        self._writer.settle()

    def close(self) -> Packed:
        """End in a copy of this process."""
        return self._writer.close(), self._writer.written

    def shared(self, others: Sequence[Packed]) -> None:
        """Take over what the copies wrote; they have ended."""
        for names, written in others:
            self._writer.adopt(names, written)

    def begin_again(self) -> None:
        """Begin as if nothing had been taken; copies of this process have ended."""
        self.abandon()
        self._claims, self._writer = Claims(), PackWriter(self._packs)

    def finish(self) -> None:
        """Publish all packs.

        Raises:
            OSError: when something could not be written; `abandon` then.
        """
        self._writer.finish()
        self._forget()

    def abandon(self) -> None:
        """Remove what is not published; copies of this process have ended. Harmless after `finish`."""
        self._writer.abandon()
        if self._noted >= 0:
            noted = os.pread(self._noted, os.fstat(self._noted).st_size, 0).decode()
            self._writer.adopt([noted[at : at + PACK_NAME] for at in range(0, len(noted), PACK_NAME)], 0)
            self._writer.abandon()
        self._forget()

    def _forget(self) -> None:
        if self._noted >= 0:
            os.close(self._noted)
            self._noted = -1
