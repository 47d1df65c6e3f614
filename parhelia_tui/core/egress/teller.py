"""Telling the supervisor what happens: JSON lines on standard output, so many and no more."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

A_SECOND = 20
"""Lines in one second; what a container can cause more of is counted and told with the next."""
LONGEST = 500
_ALWAYS = frozenset({"hold", "go_on", "want", "settled", "returned", "closed"})
"""What the supervisor acts on is never left out, nor what the book far away is kept by."""
_PAUSES_S = {"spent": 1.0, "problem": 60.0, "refused": 60.0}
"""How long the same need not be told again; the book has each spending, and trouble is told once."""
_MOST_WORDS = 1000


class Teller:
    """Writes lines.

    Args:
        descriptor: where to.
        clock: gives seconds.
    """

    def __init__(self, descriptor: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._second = 0
        self._said = 0
        self._left_out = 0
        self._told: dict[tuple[str, str], float] = {}

    def tell(self, kind: str, **fields: object) -> None:
        """Tell of something: `called`, `denied`, `refused`, `spent`, `hold`, `go_on`, `problem`."""
        if self._is_known(kind, str(fields.get("words", ""))):
            return
        second = int(self._clock())
        if second != self._second:
            self._second, self._said = second, 0
        self._said += 1
        if self._said > A_SECOND and kind not in _ALWAYS:
            self._left_out += 1
            return
        short = {name: value[:LONGEST] if isinstance(value, str) else value for name, value in fields.items()}
        if self._left_out:
            short["left_out"], self._left_out = self._left_out, 0
        line = json.dumps({"kind": kind, **short}) + "\n"
        try:
            os.write(self._descriptor, line.encode("ascii"))
        except OSError:
            # The supervisor is gone; standard input says so too.
            return

    def _is_known(self, kind: str, words: str) -> bool:
        pause, now = _PAUSES_S.get(kind), self._clock()
        if pause is None:
            return False
        if now - self._told.get((kind, words), -pause) < pause:
            return True
        if len(self._told) >= _MOST_WORDS:
            self._told.clear()
        self._told[kind, words] = now
        return False
