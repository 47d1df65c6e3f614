"""Whether two texts can be compared in the time that there is: an agent may write them so that it takes an hour.

`difflib` looks for the longest run of lines that are the same, and then before and after it. Where each line is there a
hundred times and runs are short, that grows with the third power of the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate

STEPS = 8_000_000
"""About a second."""

_FEW = 1 << 18
"""Lines of one text times those of the other, below which nothing can take long."""


class _TooLong(Exception):
    """It takes more steps than there may be."""


class _Counted(SequenceMatcher[str]):
    """Compares, and counts the steps."""

    a: Sequence[str]
    b2j: dict[str, list[int]]

    def __init__(self, one: Sequence[str], other: Sequence[str], steps: int) -> None:
        super().__init__(None, one, other)
        places = self.b2j
        self._upto = [0, *accumulate(len(places.get(line, ())) for line in one)]
        self._left = steps

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        self._left -= self._upto[len(self.a) if ahi is None else ahi] - self._upto[alo]
        if self._left < 0:
            raise _TooLong
        return super().find_longest_match(alo, ahi, blo, bhi)


def too_long(one: Sequence[str], other: Sequence[str], steps: int = STEPS) -> bool:
    """Say whether to compare these lines takes more steps than there may be."""
    if len(one) * len(other) < _FEW:
        return False
    try:
        _Counted(one, other, steps).get_matching_blocks()
    except _TooLong:
        return True
    return False
