"""Looks at how long the event loop is held, in processor time of its thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch


@dataclass(slots=True)
class Held:
    """What held the loop longest since `begin`.

    Args:
        seconds: processor time without a pause.
        by: the callback, or the name of the task: a widget's is `message pump` and the widget.
    """

    seconds: float = 0.0
    by: str = ""

    def begin(self) -> None:
        """Look from here on."""
        self.seconds, self.by = 0.0, ""

    def take(self, seconds: float, by: str) -> None:
        """Keep what took longer than all before."""
        if seconds > self.seconds:
            self.seconds, self.by = seconds, by


@contextmanager
def watched_loop() -> Iterator[Held]:
    """Measure each turn of a callback or task in this loop, whoever's code it runs, but for the task that asks."""
    held, own, asks = Held(), asyncio.Handle._run, asyncio.current_task()

    def run(handle: asyncio.Handle) -> None:
        # asyncio's own: it names what is run, and no public name of it does.
        callback = handle._callback  # type: ignore[attr-defined]
        began = time.thread_time()
        own(handle)
        took, by = time.thread_time() - began, getattr(callback, "__self__", None)
        if not isinstance(by, asyncio.Task):
            held.take(took, repr(callback))
        elif by is not asks:
            held.take(took, by.get_name())

    with patch.object(asyncio.Handle, "_run", run):
        yield held
