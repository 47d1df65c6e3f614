"""What a person types for a request: lengths of time, and faults in the words of who typed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from parhelia_tui.core.model.errors import ParheliaError

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}


def seconds(text: str | None) -> float | None:
    """Read a length of time: 90, 90s, 4h, 1.5d.

    Raises:
        ParheliaError: E101 when it is none.
    """
    if text is None:
        return None
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise ParheliaError("E101", f"{text!r} is no length of time; write 90s, 15m, 4h or 1d")
    return float(match[1]) * _UNITS[match[2]]


def length_as_typed(length_s: float) -> str:
    """Write a length of time in seconds so that `seconds` reads it: 4h, 90s."""
    for unit in ("d", "h", "m"):
        if length_s and length_s % _UNITS[unit] == 0:
            return f"{length_s / _UNITS[unit]:.15g}{unit}"
    return f"{length_s:.15f}".rstrip("0").rstrip(".") + "s"


def in_words_of(error: ParheliaError, names: Mapping[str, str]) -> ParheliaError:
    """Name what was typed, in the faults of a request, and not the fields that it fills.

    Args:
        error: E100 with its faults, or another, which stays as it is.
        names: what whoever typed calls a field, by its place in the request, as limits.cpus.
    """
    faults = error.details.get("faults")
    if not isinstance(faults, list):
        return error
    said = [_renamed(str(each), names) for each in faults]
    return ParheliaError(error.code, "; ".join(said), details={**error.details, "faults": said})


def _renamed(fault: str, names: Mapping[str, str]) -> str:
    place, colon, words = fault.partition(": ")
    return f"{names[place]}{colon}{words}" if place in names else fault
