"""Packs as they are written: blocks of objects, compressed and appended, and the table at the end (`pack_table.py`).

A pack is written as `NAME.new`, brought to the disk and renamed to `NAME.pack`, so that one with this ending is whole.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parhelia_tui.core.checkpoints.coding import BLOCK, compressor
from parhelia_tui.core.checkpoints.files import CREATE, write_out
from parhelia_tui.core.checkpoints.pack_table import HEAD, OBJECTS, encode_end
from parhelia_tui.core.checkpoints.segment import Table
from parhelia_tui.core.model.ids import random_hex

if TYPE_CHECKING:
    from zstandard import ZstdCompressor

PACK_SIZE = 64 << 20
"""A pack is closed after this many bytes: a bigger one would cost more to clear of what is dead."""

_WRITE_OUT = 8 << 20
"""After so many bytes the kernel is told to bring them to the disk, so that there is little to wait for at the end."""

_UNSETTLED = 4
"""So many full packs are on their way to the disk: to wait for each at once would hold up what is read meanwhile."""

_WAITING = 8
"""Blocks that wait to be compressed; with those in work about 5 MB."""


class _Waiting:
    """Objects that will lie together in a block."""

    __slots__ = ("parts", "rows", "size")

    def __init__(self) -> None:
        self.rows: list[tuple[bytes, int]] = []
        self.parts: list[bytes] = []
        self.size = 0


@dataclass(slots=True)
class _Pack:
    name: str
    file: int
    size: int
    table: Table


class PackWriter:
    """Compresses objects into new packs. A thread compresses and writes while the caller reads and hashes.

    Args:
        directory: descriptor of the directory of packs; it stays the caller's.
        noted: is told the name of each pack before there is one.
    """

    def __init__(self, directory: int, noted: Callable[[str], object] | None = None) -> None:
        self._directory = directory
        self._noted = noted
        self._pack: _Pack | None = None
        self._finished: list[str] = []
        self._unsettled: list[int] = []
        # Directories by themselves: reading them all reads little then. What is no text often does not compress, and
        # beside text it would spoil what the compressor has learned: a twentieth of the store.
        self._listings, self._text, self._other = _Waiting(), _Waiting(), _Waiting()
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
        waiting = self._listings if listing else self._text if data.isascii() else self._other
        size = len(data)
        waiting.rows.append((name, size))
        waiting.parts.append(data)
        waiting.size += size
        if waiting.size >= BLOCK:
            self._close_block(waiting)

    def add_packed(self, frame: bytes, unpacked: int, objects: list[tuple[bytes, int, int]]) -> None:
        """Take a block as it is, with name, offset and length of each object in it."""
        self._do(lambda: self._write(frame, unpacked, objects))

    def _close_block(self, waiting: _Waiting, *, here: bool = False) -> None:
        rows, parts = waiting.rows, waiting.parts
        if not rows:
            return
        waiting.rows, waiting.parts, waiting.size = [], [], 0

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

        self._do(pack, here=here)

    def _do(self, job: Callable[[], None], *, here: bool = False) -> None:
        """Let the thread do it: it alone writes while it lives."""
        if self._failure is not None:
            raise self._failure
        if self._thread is None and here:
            job()
            return
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
            if self._noted is not None:
                self._noted(name)
            file = os.open(f"{name}.new", CREATE, 0o600, dir_fd=self._directory)
            pack = self._pack = _Pack(name, file, 0, Table(name))
            self._append(pack, HEAD)
        pack.table.add(pack.size, len(frame), unpacked, objects)
        self._append(pack, frame)
        if pack.size >= PACK_SIZE or len(pack.table) >= OBJECTS:
            self._close_pack(pack)

    def _append(self, pack: _Pack, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(pack.file, view) :]
        before, pack.size = pack.size, pack.size + len(data)
        self.written += len(data)
        if before // _WRITE_OUT != pack.size // _WRITE_OUT:
            write_out(pack.file)

    def _close_pack(self, pack: _Pack) -> None:
        self._append(pack, encode_end(pack.table))
        write_out(pack.file)
        self._pack = None
        self._finished.append(pack.name)
        self._unsettled.append(pack.file)
        if len(self._unsettled) > _UNSETTLED:
            self._settle_one()

    def _settle_one(self) -> None:
        file = self._unsettled.pop(0)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def settle(self) -> None:
        """Wait until all packs that are full are on the disk.

        Raises:
            OSError: when one cannot be brought there.
        """
        self._join()
        while self._unsettled:
            self._settle_one()

    def drain(self) -> None:
        """Write everything that was taken and end the thread; more may come.

        Raises:
            OSError: when something could not be written.
        """
        for waiting in (self._listings, self._text, self._other):
            self._close_block(waiting, here=True)
        self._join()
        if self._failure is not None:
            raise self._failure

    def _join(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def close(self) -> list[str]:
        """Bring all packs to the disk; the names of those that have yet to be published.

        Raises:
            OSError: when something could not be written; `abandon` then.
        """
        self.drain()
        if self._pack is not None:
            self._close_pack(self._pack)
        self.settle()
        return self._finished

    def adopt(self, names: Iterable[str], written: int) -> None:
        """Take over what another writer closed, and the bytes it wrote."""
        self._finished += names
        self.written += written

    def finish(self) -> list[str]:
        """Bring all packs to the disk and give them their names; the names of the new ones.

        Raises:
            OSError: when something could not be written; `abandon` then.
        """
        names = self.close()
        for name in names:
            os.rename(f"{name}.new", f"{name}.pack", src_dir_fd=self._directory, dst_dir_fd=self._directory)
        if names:
            os.fsync(self._directory)
        self._finished = []
        return names

    def abandon(self) -> None:
        """Remove what is not published; harmless after `finish`."""
        self._failure = self._failure or InterruptedError()
        self._join()
        if self._pack is not None:
            os.close(self._pack.file)
            self._finished.append(self._pack.name)
            self._pack = None
        while self._unsettled:
            os.close(self._unsettled.pop())
        for name in self._finished:
            try:
                os.unlink(f"{name}.new", dir_fd=self._directory)
            except FileNotFoundError:
                pass
        self._finished = []
