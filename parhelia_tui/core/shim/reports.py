"""Checking what a process in the container reports. Everything here may come from an enemy."""

import json

LINE_LIMIT = 8192
RATE = 50
"""Reports a second; what is more is dropped and counted."""

STATES = ("working", "waiting", "idle", "done", "error")
TOKENS_LIMIT = 1_000_000_000
COST_LIMIT = 1_000_000.0


def checked(line: bytes) -> dict | None:  # type: ignore[type-arg]
    """Give a report in the form of the contract, None for anything else.

    Args:
        line: one line as it came, at most LINE_LIMIT bytes.
    """
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    message = said.get("message", "")
    if not isinstance(message, str):
        return None
    kind = said.get("type")
    if kind == "state" and said.get("state") in STATES:
        return {"type": "state", "state": said["state"], "message": message}
    if kind == "progress":
        percent = _number(said.get("percent"), 100.0)
        return {"type": "progress", "message": message, "percent": percent}
    if kind == "usage" and isinstance(said.get("model"), str):
        spent = [said.get("input_tokens"), said.get("output_tokens")]
        if all(type(each) is int and 0 <= each <= TOKENS_LIMIT for each in spent):
            return {
                "type": "usage",
                "model": said["model"][:200],
                "input_tokens": spent[0],
                "output_tokens": spent[1],
                "cost_usd": _number(said.get("cost_usd"), COST_LIMIT),
            }
    return None


def _number(value: object, most: float) -> float | None:
    """A number from 0 to `most`, None for anything else; neither infinite nor NaN passes."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= most else None


class Rate:
    """How many reports of a second are let through."""

    def __init__(self) -> None:
        self._second = 0
        self._count = 0
        self.dropped = 0

    def allows(self, now: float) -> bool:
        """Count one report at `now` (monotonic seconds) and say whether it passes."""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        if self._count > RATE:
            self.dropped += 1
            return False
        return True
