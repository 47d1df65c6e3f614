"""A table that says where objects lie: at the end of each pack, and one for many packs together.

Layout, little-endian: `PX1\\0`, then the numbers of packs, blocks and objects (u32 each); names of packs (16 bytes
each); blocks (number of the pack u32, offset u64, packed bytes u32, unpacked bytes u32); names of objects, ascending
(32 bytes each); places of objects in the same order (number of the block u32, offset in it u32, length u32).
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import add, le
from typing import NamedTuple

from parhelia_tui.core.checkpoints.coding import BLOCK_LIMIT, DIGEST, damaged

_MAGIC = b"PX1\0"
_HEAD = struct.Struct("<4sIII")
_BLOCK = struct.Struct("<IQII")
_PLACE = struct.Struct("<III")
_PACK_NAME = re.compile(r"[0-9a-f]{16}")
_OFFSET_LIMIT = 1 << 62
PACK_NAME = 16
"""Characters of a pack's name, hexadecimal."""


class Block(NamedTuple):
    """Where one block lies; offsets and lengths in bytes."""

    pack: str
    offset: int
    packed: int
    unpacked: int


class Place(NamedTuple):
    """Where one object lies."""

    block: Block
    offset: int
    length: int


class Segment:
    """A table that was read.

    Raises:
        ParheliaError: E600 when it is none.
    """

    __slots__ = ("_blocks", "_keys", "_places", "_read", "count", "packs")

    def __init__(self, data: bytes) -> None:
        try:
            magic, packs, blocks, count = _HEAD.unpack_from(data)
        except struct.error as error:
            raise damaged("a table is cut off") from error
        at = _HEAD.size
        ends = [at := at + size for size in (packs * 16, blocks * _BLOCK.size, count * DIGEST, count * 12)]
        if magic != _MAGIC or len(data) != ends[-1]:
            raise damaged("a table cannot be read")
        names = data[_HEAD.size : ends[0]].decode("ascii", "replace")
        self.packs = [names[i : i + PACK_NAME] for i in range(0, len(names), PACK_NAME)]
        if not all(_PACK_NAME.fullmatch(name) for name in self.packs):
            raise damaged("a table names what is no pack")
        self._blocks = data[ends[0] : ends[1]]
        self._keys = data[ends[1] : ends[2]]
        self._places = data[ends[2] : ends[3]]
        self._read: dict[int, Block] = {}
        self.count: int = count

    def find(self, name: bytes) -> int | None:
        """Give the row of an object, None when it is not here."""
        keys = self._keys
        row = bisect_left(range(self.count), name, key=lambda i: keys[i * DIGEST : (i + 1) * DIGEST])
        return row if row < self.count and keys[row * DIGEST : (row + 1) * DIGEST] == name else None

    def names(self) -> list[bytes]:
        """The names of all objects, in the order of rows."""
        keys = self._keys
        return [keys[at : at + DIGEST] for at in range(0, len(keys), DIGEST)]

    def place(self, row: int) -> Place:
        """Say where the object of a row lies.

        Raises:
            ParheliaError: E600 when the row leads out of its block.
        """
        number, offset, length = _PLACE.unpack_from(self._places, row * _PLACE.size)
        block = self.block(number)
        if offset + length > block.unpacked:
            raise damaged("an object lies outside of its block")
        return Place(block, offset, length)

    def block(self, number: int) -> Block:
        """Give a block by its number.

        Raises:
            ParheliaError: E600 when there is none, or its size is impossible.
        """
        if (read := self._read.get(number)) is not None:
            return read
        try:
            pack, offset, packed, unpacked = _BLOCK.unpack_from(self._blocks, number * _BLOCK.size)
            found = Block(self.packs[pack], offset, packed, unpacked)
        except (struct.error, IndexError) as error:
            raise damaged("a table names a block that is not there") from error
        if unpacked > BLOCK_LIMIT or packed > BLOCK_LIMIT or offset > _OFFSET_LIMIT:
            raise damaged("a block is bigger than blocks are, or lies further on than packs reach")
        # Some hundreds of objects lie in each.
        self._read[number] = found
        return found

    def lengths(self) -> Sequence[int]:
        """Give the bytes of all objects, in the order of rows; a tenth of what their places cost.

        Raises:
            ParheliaError: E600 when a row leads out of its block, as for its place.
        """
        columns = struct.unpack(f"<{3 * self.count}I", self._places)
        numbers, offsets, lengths = columns[0::3], columns[1::3], columns[2::3]
        sizes = {number: self.block(number).unpacked for number in set(numbers)}
        if not all(map(le, map(add, offsets, lengths), map(sizes.__getitem__, numbers))):
            raise damaged("an object lies outside of its block")
        return lengths

    def places(self) -> Iterator[tuple[bytes, Place]]:
        """Give all objects and where they lie."""
        for row, name in enumerate(self.names()):
            yield name, self.place(row)


class Table:
    """The table of one pack as it is made.

    Args:
        pack: the pack's name.
    """

    def __init__(self, pack: str) -> None:
        self._pack = pack
        self._blocks: list[bytes] = []
        self._rows: dict[bytes, bytes] = {}

    def add(self, offset: int, packed: int, unpacked: int, objects: Iterable[tuple[bytes, int, int]]) -> None:
        """Add a block: where it lies and its bytes, with name, offset in it and length of each object in it.

        Of two objects with one name the first is kept.
        """
        number = len(self._blocks)
        self._blocks.append(_BLOCK.pack(0, offset, packed, unpacked))
        rows, pack = self._rows, _PLACE.pack
        for name, at, length in objects:
            if name not in rows:
                rows[name] = pack(number, at, length)

    def __len__(self) -> int:
        return len(self._rows)

    def encode(self) -> bytes:
        """Write the table."""
        rows = self._rows
        keys = sorted(rows)
        head = _HEAD.pack(_MAGIC, 1, len(self._blocks), len(rows))
        return b"".join((head, self._pack.encode(), *self._blocks, *keys, *[rows[key] for key in keys]))
