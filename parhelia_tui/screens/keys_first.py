"""What is drawn by itself lets a key go first."""

from __future__ import annotations

import time
from collections.abc import Callable

AFTER_KEY_S = 0.03
"""Seconds after a key in which only what it did is drawn."""
LONGEST_S = 0.25
"""Seconds that something waits for keys, however many come."""


class KeysFirst:
    """Says how long something waits that would hold up the paint for a key.

    Args:
        clock: gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pressed_at = float("-inf")
        self._waits_since: float | None = None

    def pressed(self) -> None:
        """A key did something."""
        self._pressed_at = self._clock()

    def wait_s(self) -> float:
        """Give the seconds that who asks has to wait before it asks again; 0 where it may go on."""
        now = self._clock()
        left = self._pressed_at + AFTER_KEY_S - now
        since = now if self._waits_since is None else self._waits_since
        if left <= 0 or now - since >= LONGEST_S:
            self._waits_since = None
            return 0.0
        self._waits_since = since
        return left
