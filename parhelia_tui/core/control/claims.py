"""How much history an agent may make: it says what it does as often as it likes, and each may become an event."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from parhelia_tui.core.store import events

Tell = Callable[..., None]
MOST, WITHIN_S = 600, 3600.0
"""Events of one container in so many seconds, after which its agent makes no more of them for as long. An agent that
asks for something every ten seconds makes 12 in a minute at the most; one that means harm could fill the disk."""
TOO_MANY = "agent.too_many"


class Claims:
    """Tells what an agent says of itself, while it is not too much.

    What is left out is the line of the history alone: the task still moves, and the dashboard shows its state.

    Args:
        tx: the transaction of the records that are read.
        tell: stores an event of the container.
        now: epoch seconds.
    """

    def __init__(self, tx: sqlite3.Connection, container_id: str, tell: Tell, now: float) -> None:
        self._tx = tx
        self._container_id = container_id
        self._tell = tell
        self._since = now - WITHIN_S
        self._left: int | None = None

    def tell(
        self, type: str, message: str, *, level: str = "info", data: dict[str, object] | None = None
    ) -> None:
        """Store an event of what was claimed, or none where there were too many."""
        if self._left is None:
            told = events.count_since(self._tx, self._container_id, self._since, MOST)
            muted = events.has_since(self._tx, self._container_id, TOO_MANY, self._since)
            self._left = 0 if muted else max(MOST - told, 1)
        if self._left > 1:
            self._tell(type, message, level=level, data=data)
        elif self._left == 1:
            hours = round(WITHIN_S / 3600)
            self._tell(
                TOO_MANY,
                f"the agent changes its state too often; what it says makes no events for {hours} h",
                level="warning",
            )
        self._left = max(self._left - 1, 0)
