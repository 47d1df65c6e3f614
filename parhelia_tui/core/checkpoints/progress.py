"""How long work tells where it is."""

from __future__ import annotations

import time
from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is done now, how much of it is done and how much there is (0: not known). It may raise: then the
work ends with that error, and nothing of it is left."""

_EVERY_S = 0.1


def quiet(stage: str, done: int, total: int) -> None:
    """Take no notice."""


class Teller:
    """Calls a `Progress` ten times a second at most."""

    __slots__ = ("_next", "_progress")

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._next = 0.0

    def tell(self, stage: str, done: int, total: int = 0) -> None:
        """Tell, if it is time."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY_S
            self._progress(stage, done, total)
