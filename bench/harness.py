"""What a benchmark is made of: results with limits, medians, and ratios of things timed in one run.

A time in seconds says as much about the machine as about the code. So a limit is a ratio where it can be:
both sides are timed in turns, in the same run, and the medians are divided.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROUNDS = 7
"""The fewest samples that a median may stand on."""


@dataclass(frozen=True, slots=True)
class Result:
    """One measured number and what it is held to.

    Attributes:
        area: what was measured, in one or two words, such as "start".
        name: the thing measured, as a reader says it.
        value: the number, in `unit`.
        unit: "x" for a ratio, else "ms", "MB", "%" and so on.
        limit: the most (or least) that it may be; None for a number that is only reported.
        holds: whether the value keeps the limit.
    """

    area: str
    name: str
    value: float
    unit: str
    limit: float | None
    holds: bool

    @classmethod
    def at_most(cls, area: str, name: str, value: float, unit: str, limit: float) -> Result:
        """A number that must not be above its limit."""
        return cls(area, name, value, unit, limit, value <= limit)

    @classmethod
    def at_least(cls, area: str, name: str, value: float, unit: str, limit: float) -> Result:
        """A number that must not be below its limit."""
        return cls(area, name, value, unit, limit, value >= limit)

    @classmethod
    def reported(cls, area: str, name: str, value: float, unit: str) -> Result:
        """A number that explains others and is held to nothing."""
        return cls(area, name, value, unit, None, True)


def seconds(act: Callable[[], object]) -> float:
    """How long one call takes, in seconds of wall time."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def median(values: Sequence[float]) -> float:
    """The middle of at least `ROUNDS` values.

    Raises:
        ValueError: when there are fewer.
    """
    if len(values) < ROUNDS:
        raise ValueError(f"a median stands on at least {ROUNDS} values, not on {len(values)}")
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed (nearest rank).

    Raises:
        ValueError: when there are no values, or the share is not within 0 and 1.
    """
    if not values or not 0 <= share <= 1:
        raise ValueError("a percentile needs values and a share from 0 to 1")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two things timed in turns.

    Attributes:
        value: median time of the one over median time of the other.
        seconds: median time of the thing itself.
        base_seconds: median time of what it is compared with.
    """

    value: float
    seconds: float
    base_seconds: float


def ratio(act: Callable[[], float], base: Callable[[], float], rounds: int = ROUNDS) -> Ratio:
    """Time two things in turns, so that a busy machine is as busy for both.

    Args:
        act: does the thing once and returns its seconds (see `timed` for a plain call).
        base: the same for what it is compared with.
        rounds: samples of each; one more of each comes first, to warm caches, and does not count.
    """
    samples: list[tuple[float, float]] = []
    for _ in range(rounds + 1):
        base_time = base()
        samples.append((act(), base_time))
    mine = median([one for one, _ in samples[1:]])
    other = median([one for _, one in samples[1:]])
    return Ratio(mine / other, mine, other)


FILES = 50
"""Files that the median of `file_seconds` stands on."""


def file_seconds(place: Path) -> float:
    """Seconds that it takes to make a file in a directory of its own, which it leaves.

    It tells runs apart that nothing else does: ext4 without a journal passes by each file that was deleted within the
    last minutes, one by one (`recently_deleted` in fs/ext4/ialloc.c), so after tests a file may take 18 times as long
    (docs/decisions/0009).
    """

    def make(number: int) -> None:
        directory = place / f"file-seconds-{number}"
        directory.mkdir()
        (directory / "file").touch()

    return median([seconds(partial(make, number)) for number in range(FILES)])


def timed(act: Callable[[], object]) -> Callable[[], float]:
    """A call that returns its own seconds, for `ratio`."""
    return lambda: seconds(act)
