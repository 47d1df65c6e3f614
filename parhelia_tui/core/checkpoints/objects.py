"""Objects read by their names, out of blocks that are unpacked once and kept a while."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from parhelia_tui.core.checkpoints.coding import NOTHING, damaged, decompressor, is_name, unpack
from parhelia_tui.core.checkpoints.files import READ
from parhelia_tui.core.checkpoints.index import Index
from parhelia_tui.core.checkpoints.manifest import Directory
from parhelia_tui.core.checkpoints.pieces import Piece, decode_pieces
from parhelia_tui.core.checkpoints.segment import Block

if TYPE_CHECKING:
    from zstandard import ZstdDecompressor

_KEPT = 24 << 20
"""Bytes of unpacked blocks that are kept."""

_KEPT_IN_ORDER = 12 << 20
"""By a reader that goes by the order of the store: there are several at once, and half of it serves them as well."""

_FEW_NAMES = 64
_KEPT_DIRECTORIES = 2048
"""With so few names each, at most some 30 MB: a checkpoint reads what changed twice, to write it and to count it."""

_OPEN_PACKS = 16

Listing = Callable[[bytes], Directory]
"""Gives the directory that an object's name stands for."""


class Objects:
    """Reads objects; for one thread.

    Args:
        packs: descriptor of the directory of packs; it stays the caller's.
        index: where they lie; readers of several threads may share it while nobody refreshes it.
        kept: bytes of unpacked blocks that are kept.
    """

    def __init__(self, packs: int, index: Index, kept: int = _KEPT) -> None:
        self.index = index
        self._most = kept
        self._packs = packs
        self._files: OrderedDict[str, int] = OrderedDict()
        self._blocks: OrderedDict[Block, bytes] = OrderedDict()
        self._kept = 0
        self._directories: OrderedDict[bytes, Directory] = OrderedDict()
        self._held: dict[bytes, bytes] = {}
        self._decompressor: ZstdDecompressor | None = None

    def sibling(self) -> Objects:
        """Make a reader for another thread or process, that goes by the order of the store."""
        return Objects(self._packs, self.index, _KEPT_IN_ORDER)

    def refresh(self) -> None:
        """Look for new packs and forget those that went."""
        self.close()
        self.index.refresh()

    def close(self) -> None:
        """Close packs and forget blocks; it can be used again after."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()
        self._blocks.clear()
        self._directories.clear()
        self._kept = 0
        self.let_go()

    def hold(self, objects: Mapping[bytes, bytes]) -> None:
        """Have objects to read that are not in published packs yet, until `let_go`."""
        self._held.update(objects)

    def let_go(self) -> None:
        """Forget what was to be held."""
        self._held = {}

    def read(self, name: bytes) -> bytes:
        """Give an object.

        Raises:
            ParheliaError: E600 when it is missing or damaged.
        """
        if name == NOTHING:
            return b""
        if (held := self._held.get(name)) is not None:
            return held
        place = self.index.place(name)
        block = self.block(place.block)
        return block[place.offset : place.offset + place.length]

    def proved(self, name: bytes) -> bytes:
        """Give an object that says where others lie: what it says may be believed only if that is its name.

        Raises:
            ParheliaError: E600 when it is missing or damaged.
        """
        data = self.read(name)
        if name != NOTHING and not is_name(name, data):
            raise damaged(f"object {name.hex()} is not what was written")
        return data

    def block(self, block: Block) -> bytes:
        """Give a block, unpacked."""
        if (kept := self._blocks.get(block)) is not None:
            self._blocks.move_to_end(block)
            return kept
        frame = self.frame(block)
        if self._decompressor is None:
            self._decompressor = decompressor()
        data = unpack(frame, block.unpacked, self._decompressor)
        self._blocks[block] = data
        self._kept += len(data)
        while self._kept > self._most and len(self._blocks) > 1:
            self._kept -= len(self._blocks.popitem(last=False)[1])
        return data

    def frame(self, block: Block) -> bytes:
        """Give a block as it lies in its pack.

        Raises:
            ParheliaError: E600 when the pack is gone or cut off.
        """
        file = self._files.get(block.pack)
        try:
            if file is None:
                file = self._files[block.pack] = os.open(f"{block.pack}.pack", READ, dir_fd=self._packs)
                if len(self._files) > _OPEN_PACKS:
                    os.close(self._files.popitem(last=False)[1])
            frame = os.pread(file, block.packed, block.offset)
        except OSError as error:
            raise damaged(f"pack {block.pack} cannot be read ({error.strerror})") from error
        if len(frame) != block.packed:
            raise damaged(f"pack {block.pack} is cut off")
        return frame

    def directory(self, name: bytes) -> Directory:
        """Give a directory that nobody will ask for again.

        Raises:
            ParheliaError: E600 when it is missing or damaged.
        """
        return Directory(self.proved(name))

    def listing(self, name: bytes) -> Directory:
        """Give a directory.

        Raises:
            ParheliaError: E600 when it is missing or damaged.
        """
        found = self._directories.get(name)
        if found is None:
            found = self.directory(name)
            if found.count <= _FEW_NAMES:
                self._directories[name] = found
                if len(self._directories) > _KEPT_DIRECTORIES:
                    self._directories.popitem(last=False)
        return found

    def pieces(self, name: bytes, size: int, chunked: bool) -> list[Piece]:
        """Give the pieces of a file.

        Args:
            size: its bytes, as its directory says; the pieces must have as many.

        Raises:
            ParheliaError: E600 when they have not, or the list is missing or damaged.
        """
        found = decode_pieces(self.proved(name)) if chunked else [(size, name)] if size else []
        if sum(length for length, _ in found) != size:
            raise damaged("the pieces of a file are not as long as the file")
        return found

    def piece(self, piece: Piece) -> bytes:
        """Give the bytes of a piece that is no hole.

        Raises:
            ParheliaError: E600 when it is missing, damaged or not as long as it should be.
        """
        data = self.read(piece[1])
        if len(data) != piece[0]:
            raise damaged(f"object {piece[1].hex()} is not as long as it should be")
        return data
