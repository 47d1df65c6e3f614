"""Content named in a thread of its own while the caller goes on reading files."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from parhelia_tui.core.checkpoints.coding import NOTHING, digest
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.pieces import Piece, encode_pieces

Keep = Callable[[bytes, bytes, bool], None]
"""Takes a name, what it names, and whether that is a directory or a list of pieces; called in any thread, never in two
at once."""

_BATCH_BYTES = 512 << 10
_BATCH_FILES = 64
_WAITING = 6
"""Batches that wait; with pieces of 1 MB at most some 9 MB."""

_Job = tuple[Entry | None, list[Piece] | None, bytes | int]


class Hasher:
    """Names contents and hands them on.

    Args:
        keep: what to do with them.
    """

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._queue: queue.Queue[list[_Job] | None] = queue.Queue(_WAITING)
        self._batch: list[_Job] = []
        self._bytes = 0
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def content(self, entry: Entry, data: bytes) -> None:
        """Name the content of a file of one piece; its entry has the name after `drain`."""
        self._put((entry, None, data))

    def piece(self, pieces: list[Piece], data: bytes) -> None:
        """Name one more piece of a bigger file."""
        self._put((None, pieces, data))

    def hole(self, pieces: list[Piece], length: int) -> None:
        """Put a hole of so many bytes where it belongs among the pieces."""
        # The thread appends in the order of the jobs, so this must be one of them.
        self._put((None, pieces, length))

    def whole(self, entry: Entry, pieces: list[Piece]) -> None:
        """Name a file of several pieces after the last of them was given."""
        self._put((entry, pieces, b""))

    def listing(self, data: bytes) -> bytes:
        """Name a directory, here and now; after `drain`."""
        name = digest(data)
        self._keep(name, data, True)
        return name

    def _put(self, job: _Job) -> None:
        self._batch.append(job)
        if isinstance(job[2], bytes):
            self._bytes += len(job[2])
        if self._bytes >= _BATCH_BYTES or len(self._batch) >= _BATCH_FILES:
            self._hand_over()

    def _hand_over(self) -> None:
        batch, self._batch, self._bytes = self._batch, [], 0
        if self._failure is not None:
            raise self._failure
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="checkpoint-hash", daemon=True)
            self._thread.start()
        self._queue.put(batch)

    def _work(self) -> None:
        while (batch := self._queue.get()) is not None:
            if self._failure is None:
                try:
                    self._name(batch)
                except BaseException as error:
                    self._failure = error

    def _name(self, batch: list[_Job]) -> None:
        for entry, pieces, data in batch:
            if isinstance(data, int):
                assert pieces is not None
                # One hole, however it was found: the same content has one list.
                before = pieces.pop()[0] if pieces and pieces[-1][1] == NOTHING else 0
                pieces.append((before + data, NOTHING))
                continue
            if entry is not None and pieces is not None:
                data = encode_pieces(pieces)
            name = digest(data)
            self._keep(name, data, entry is not None and pieces is not None)
            if entry is None and pieces is not None:
                pieces.append((len(data), name))
            elif entry is not None:
                entry.content = name
                entry.chunked = pieces is not None

    def drain(self) -> None:
        """Wait until everything has its name; more may come.

        Raises:
            BaseException: what `keep` raised.
        """
        if self._thread is None:
            # Too little for a thread: done here.
            batch, self._batch, self._bytes = self._batch, [], 0
            self._name(batch)
            return
        self._hand_over()
        self._end()
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        """End the thread; what waits is dropped."""
        self._failure = self._failure or InterruptedError()
        self._end()

    def _end(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
