"""The end of a pack: the table of what lies in it, and a footer that proves the table.

Layout of a pack: `PARHPK1\\n`, blocks, the table (`segment.py`), then the footer: bytes of the table (u64,
little-endian), SHA-256 of the table, `PARHEND\\n`.
"""

from __future__ import annotations

import os
import struct

from parhelia_tui.core.checkpoints.coding import DIGEST, damaged, digest, is_name
from parhelia_tui.core.checkpoints.files import READ, descriptor
from parhelia_tui.core.checkpoints.segment import Segment, Table

HEAD = b"PARHPK1\n"
_END = b"PARHEND\n"
_TABLE_LIMIT = 256 << 20
"""Bytes: twice what `OBJECTS` need, with blocks of one object each."""

OBJECTS = 1 << 21
"""So many objects lie in one pack at most."""

_FOOTER = struct.Struct(f"<Q{DIGEST}s8s")


def encode_end(made: Table) -> bytes:
    """Write table and footer of a pack."""
    table = made.encode()
    return table + _FOOTER.pack(len(table), digest(table), _END)


def read_table(directory: int, name: str) -> Segment:
    """Read the table at the end of a pack.

    Raises:
        ParheliaError: E600 when it is damaged.
        FileNotFoundError: when the pack is gone.
    """
    with descriptor(os.open(f"{name}.pack", READ, dir_fd=directory)) as file:
        size = os.fstat(file).st_size
        try:
            footer = os.pread(file, _FOOTER.size, size - _FOOTER.size)
            length, seal, end = _FOOTER.unpack(footer)
        except (OSError, struct.error) as error:
            raise damaged(f"pack {name} is cut off") from error
        start = size - _FOOTER.size - length
        if end != _END or start < len(HEAD) or length > _TABLE_LIMIT:
            raise damaged(f"pack {name} is cut off")
        table = os.pread(file, length, start)
    if not is_name(seal, table):
        raise damaged(f"the table of pack {name} is not what was written")
    found = Segment(table)
    if found.packs not in ([name], []):
        raise damaged(f"pack {name} holds the table of another one")
    return found
