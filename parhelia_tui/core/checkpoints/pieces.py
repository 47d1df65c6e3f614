"""A file of several pieces as an object: the length and name of each, holes with no name.

Layout: `PC1\\0`, then for each piece its length (u64, little-endian) and 32 bytes of name.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from parhelia_tui.core.checkpoints.coding import CHUNK, DIGEST, NOTHING, damaged

_MAGIC = b"PC1\0"
_PIECE = struct.Struct(f"<Q{DIGEST}s")

_HOLE_LIMIT = 1 << 62

Piece = tuple[int, bytes]
"""Length in bytes, and name of the content; `NOTHING` for a hole."""


def encode_pieces(pieces: Sequence[Piece]) -> bytes:
    """Write the list of pieces of a file."""
    return _MAGIC + b"".join([_PIECE.pack(length, name) for length, name in pieces])


def decode_pieces(data: bytes) -> list[Piece]:
    """Read the list of pieces of a file.

    Raises:
        ParheliaError: E600 when it is none.
    """
    if data[:4] != _MAGIC or (len(data) - 4) % _PIECE.size:
        raise damaged("a list of pieces cannot be read")
    found = list(_PIECE.iter_unpack(data[4:]))
    if any(length > CHUNK and name != NOTHING for length, name in found):
        raise damaged("a piece is longer than pieces are")
    if any(length > _HOLE_LIMIT for length, _ in found):
        raise damaged("a hole is longer than files are")
    return found
