"""Packs as they are written: blocks of objects, compressed and appended, and the table at the end (`pack_table.py`).

A pack is written as `NAME.new`, brought to the disk and renamed to `NAME.pack`, so that one with this ending is whole.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from parhelia_tui.core.checkpoints.coding import BLOCK, compressor
from parhelia_tui.core.checkpoints.files import CREATE, rename_durably
from parhelia_tui.core.checkpoints.pack_table import HEAD, encode_table
from parhelia_tui.core.checkpoints.segment import Block, Place
from parhelia_tui.core.model.ids import random_hex

if TYPE_CHECKING:
    from zstandard import ZstdCompressor

PACK_SIZE = 64 << 20
"""A pack is closed after this many bytes: a bigger one would cost more to clear of what is dead."""

_WAITING = 8
"""Blocks that wait to be compressed; with those in work about 5 MB."""


class _Kind(Enum):
    """What lies together in a block."""

    LISTING = auto()
    """Of directories: reading them all reads little then."""
    TEXT = auto()
    OTHER = auto()
    """Much of it does not compress; beside text it would spoil what the compressor has learned: a twentieth of the store."""


@dataclass(slots=True)
class _Pack:
    name: str
    file: int
    size: int
    objects: list[tuple[bytes, Place]]


class PackWriter:
    """Compresses objects into new packs. A thread compresses and writes while the caller reads and hashes.

    Args:
        directory: descriptor of the directory of packs; it stays the caller's.
    """

    def __init__(self, directory: int) -> None:
        self._directory = directory
        self._pack: _Pack | None = None
        self._finished: list[_Pack] = []
        self._buffers: dict[_Kind, tuple[list[tuple[bytes, int]], list[bytes]]] = {}
        self._sizes = dict.fromkeys(_Kind, 0)
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._compress: ZstdCompressor | None = None
        self.written = 0
        """Bytes that went into packs so far."""

    def add(self, name: bytes, data: bytes, *, listing: bool = False) -> None:
        """Take an object.

        Args:
            name: its digest.
            data: what it holds.
            listing: it describes others.

        Raises:
            OSError: when an earlier one could not be written.
        """
        kind = _Kind.LISTING if listing else _Kind.TEXT if data.isascii() else _Kind.OTHER
        rows, parts = self._buffers.setdefault(kind, ([], []))
        rows.append((name, len(data)))
        parts.append(data)
        self._sizes[kind] += len(data)
        if self._sizes[kind] >= BLOCK:
            self._close_block(kind)

    def add_packed(self, frame: bytes, unpacked: int, objects: list[tuple[bytes, int, int]]) -> None:
        """Take a block as it is, with name, offset and length of each object in it."""
        self._do(lambda: self._write(frame, unpacked, objects))

    def _close_block(self, kind: _Kind, *, here: bool = False) -> None:
        rows, parts = self._buffers.pop(kind, ([], []))
        self._sizes[kind] = 0
        if not rows:
            return

        def pack() -> None:
            data = b"".join(parts)
            if self._compress is None:
                self._compress = compressor()
            at = 0
            objects = []
            for name, length in rows:
                objects.append((name, at, length))
                at += length
            self._write(self._compress.compress(data), len(data), objects)

        if here and self._thread is None:
            pack()
        else:
            self._do(pack)

    def _do(self, job: Callable[[], None]) -> None:
        """Let the thread do it: it alone writes while it lives."""
        if self._failure is not None:
            raise self._failure
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="checkpoint-pack", daemon=True)
            self._thread.start()
        self._queue.put(job)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if self._failure is None:
                try:
                    job()
                except BaseException as error:
                    self._failure = error

    def _write(self, frame: bytes, unpacked: int, objects: list[tuple[bytes, int, int]]) -> None:
        pack = self._pack
        if pack is None:
            name = random_hex(16)
            pack = self._pack = _Pack(
                name, os.open(f"{name}.new", CREATE, 0o600, dir_fd=self._directory), 0, []
            )
            self._append(pack, HEAD)
        block = Block(pack.name, pack.size, len(frame), unpacked)
        self._append(pack, frame)
        pack.objects += [(name, Place(block, at, length)) for name, at, length in objects]
        if pack.size >= PACK_SIZE:
            self._close_pack(pack)

    def _append(self, pack: _Pack, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(pack.file, view) :]
        pack.size += len(data)
        self.written += len(data)

    def _close_pack(self, pack: _Pack) -> None:
        self._append(pack, encode_table(pack.objects))
        os.fsync(pack.file)
        os.close(pack.file)
        self._pack = None
        self._finished.append(pack)

    def drain(self) -> None:
        """Write everything that was taken and end the thread; more may come.

        Raises:
            OSError: when something could not be written.
        """
        for kind in _Kind:
            self._close_block(kind, here=True)
        self._join()
        if self._failure is not None:
            raise self._failure

    def _join(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def finish(self) -> list[str]:
        """Bring all packs to the disk and give them their names; the names of the new ones.

        Raises:
            OSError: when something could not be written; `abandon` then.
        """
        self.drain()
        if self._pack is not None:
            self._close_pack(self._pack)
        names = [pack.name for pack in self._finished]
        for name in names:
            rename_durably(self._directory, f"{name}.new", f"{name}.pack")
        self._finished = []
        return names

    def abandon(self) -> None:
        """Remove what is not published; harmless after `finish`."""
        self._failure = self._failure or InterruptedError()
        self._join()
        if self._pack is not None:
            os.close(self._pack.file)
            self._finished.append(self._pack)
            self._pack = None
        for pack in self._finished:
            try:
                os.unlink(f"{pack.name}.new", dir_fd=self._directory)
            except FileNotFoundError:
                pass
        self._finished = []
