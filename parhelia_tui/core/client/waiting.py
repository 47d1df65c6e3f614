"""Waiting for what another process does, which SQLite tells nobody of."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

LOOK_EVERY_S = 0.01
"""Seconds between two looks; one at a row takes 0.1 ms."""
WAKE_EVERY_S = 2.0
"""Seconds after which who waits wakes the controller again: the one that was woken may have been killed just then."""


def looks(deadline_s: float = math.inf, wake: Callable[[], None] | None = None) -> Iterator[None]:
    """Give the turns of a loop that looks until it has seen enough; its `else` is the deadline.

    Args:
        deadline_s: seconds; there is one look after they are over, so that a machine that stood still is not
            taken for a controller that does nothing.
        wake: tells the controller to look, where it is the one who is waited for.

    Raises:
        ParheliaError: what `wake` raises, as E500 when no controller can be started.
    """
    end = time.monotonic() + deadline_s
    again = time.monotonic() + WAKE_EVERY_S
    while True:
        over = time.monotonic() > end
        yield
        if over:
            return
        if wake is not None and time.monotonic() > again:
            wake()
            again = time.monotonic() + WAKE_EVERY_S
        time.sleep(LOOK_EVERY_S)
