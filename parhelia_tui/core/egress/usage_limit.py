"""The provider's own limit of an account: until when it answers nothing, by its response headers.

What Claude Code 2.1.329 itself reads of them: a 429 with `anthropic-ratelimit-unified-status: rejected` says until
when in `-reset` (epoch seconds), which window it is in `-representative-claim`, and in `-fallback` whether another
model is still to be had. A 429 without them is one of many requests a minute, which the agent meets by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_S = 8 * 86400.0
"""The longest window is a week; what is further away is a mistake."""
_PREFIX = b"anthropic-ratelimit-unified-"
_WINDOWS = {"five_hour": "five hours", "seven_day": "a week"}


@dataclass(frozen=True, slots=True)
class UsageLimit:
    """A limit that is reached.

    Args:
        until: epoch seconds.
        window: whose limit it is, in words.
    """

    until: float
    window: str


def reached(status: int, headers: Iterable[tuple[bytes, bytes]], now: float) -> UsageLimit | None:
    """Read from a response whether the account's limit is reached, and until when.

    Args:
        headers: with names in small letters.
        now: epoch seconds.
    """
    said = {name: value.decode("latin-1").strip() for name, value in headers if name.startswith(_PREFIX)}
    if status != 429 or said.get(_PREFIX + b"status") != "rejected":
        return None
    if said.get(_PREFIX + b"fallback") == "available":
        return None
    try:
        until = float(said.get(_PREFIX + b"reset", ""))
    except ValueError:
        return None
    if not math.isfinite(until) or not now < until <= now + LONGEST_S:
        return None
    claim = said.get(_PREFIX + b"representative-claim", "")
    return UsageLimit(until, _WINDOWS.get(claim, "the account"))
