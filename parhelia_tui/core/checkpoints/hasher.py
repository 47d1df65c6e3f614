"""Content named, and handed on to who keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parhelia_tui.core.checkpoints.coding import digest
from parhelia_tui.core.checkpoints.pieces import Piece, encode_pieces

Keep = Callable[[bytes, bytes, bool], None]
"""Takes a name, what it names, and whether that is a directory or a list of pieces."""


class Hasher:
    """Names contents and hands them on, in the thread that reads them.

    To hand small contents to another thread costs more than to name them: threads of Python take turns.

    Args:
        keep: what to do with them; what it raises, each method raises.
    """

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def content(self, data: bytes) -> bytes:
        """Name the content of a file of one piece, or one piece of a bigger one."""
        name = digest(data)
        self._keep(name, data, False)
        return name

    def whole(self, pieces: Sequence[Piece]) -> bytes:
        """Name a file of several pieces."""
        return self.listing(encode_pieces(pieces))

    def listing(self, data: bytes) -> bytes:
        """Name a directory."""
        name = digest(data)
        self._keep(name, data, True)
        return name
