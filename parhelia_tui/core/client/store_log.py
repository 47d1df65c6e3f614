"""Waiting until others write to the store."""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path

from parhelia_tui.core.agents.program.notes import Notes

ASK_EVERY_S = 0.04
"""Seconds after which the store is asked where the kernel tells nothing: a user has 128 of its notes by default, and
somebody else may have them all."""


class StoreLog:
    """The write-ahead log of a store, which every commit writes to.

    One thread waits and closes it; another may end its wait at any time. It has descriptors until it is closed.

    Args:
        database: the store's file; the log lies beside it, and so does little else that is written.
    """

    def __init__(self, database: Path) -> None:
        self._notes = Notes(str(database.parent))
        self._woken, self._wakes = os.pipe()
        self._open = threading.Lock()
        self._closed = False
        self._poll = select.poll()
        for each in (self._woken, *self._notes.descriptors):
            self._poll.register(each, select.POLLIN)

    def wait(self, seconds: float) -> bool:
        """Wait until something is written, or for some time; say whether something may have been.

        What was written is told until `clear`.
        """
        if not self._notes.descriptors:
            seconds = min(seconds, ASK_EVERY_S)
        found = {each for each, _ in self._poll.poll(seconds * 1000)}
        return not self._notes.descriptors or not found.isdisjoint(self._notes.descriptors)

    def clear(self) -> None:
        """Wait for what is written from here on."""
        self._notes.clear()

    def wake(self) -> None:
        """End the wait of the thread that waits, and those that follow."""
        with self._open:
            if not self._closed:
                os.write(self._wakes, b"w")

    def close(self) -> None:
        """Give the descriptors back."""
        with self._open:
            self._closed = True
            for each in (self._woken, self._wakes, *self._notes.descriptors):
                os.close(each)
