"""What the making of a container is at, or the way home of what it made, in words, told to whoever asked for it.

A container is made by several rooms one below the other. Each says its step here, and whoever began says once who hears
it: the tasks that are begun meanwhile speak to the same one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from parhelia_tui.core.model.display import size

Told = Callable[[str], None]

PROGRESS_EVERY_S = 1.0
"""Seconds between two words about how far something is."""

_told: ContextVar[Told | None] = ContextVar("told", default=None)


@contextmanager
def told_to(told: Told) -> Iterator[None]:
    """Let somebody hear every step until this is left."""
    before = _told.set(told)
    try:
        yield
    finally:
        _told.reset(before)


def tell(step: str) -> None:
    """Say what comes now, as in "making a sandbox"; to be called from the thread of the event loop alone."""
    told = _told.get()
    if told is not None:
        told(step)


class Progress:
    """Says how far something is that is sent or fetched: at once, and again after pauses.

    Args:
        what: as in "sending the workspace".
        total: bytes; None where nobody knows.
    """

    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._next_at = 0.0
        self.add(0)

    def add(self, count: int) -> None:
        """Count bytes that are through."""
        self._done += count
        now = time.monotonic()
        if now >= self._next_at:
            self._next_at = now + PROGRESS_EVERY_S
            of = " so far" if self._total is None else f" of {size(self._total)}"
            tell(f"{self._what}, {size(self._done)}{of}")
