"""JSON and signals without the modules `json` and `signal`.

Those two import `re` and `enum`: 7 ms of each container's start and 1.3 MB of its memory for as long as it
lives. The parts in C below them do the work; where an interpreter has them not, or in another form, the
public modules are used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

try:
    import _signal as signals  # type: ignore[import-not-found]
except ImportError:
    import signal as signals

__all__ = ["dumps", "loads", "signals"]

_BLANKS = " \t\n\r"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


class _Rules:
    """What the scanner in C asks of its decoder (json/decoder.py)."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_no_constant)
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner's own cache, empty between two calls


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} is no JSON")


def _lean() -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    import _json

    rules: Any = _Rules
    scan: Any = _json.make_scanner(rules)
    nothing: Any = None
    encode: Any = _json.make_encoder(
        nothing,
        _refuse,
        _json.encode_basestring_ascii,
        None,
        ": ",
        ", ",
        False,
        False,
        False,
    )

    def loads(text: str) -> Any:
        trimmed = text.strip(_BLANKS)
        try:
            value, end = scan(trimmed, 0)
        except (StopIteration, SystemError):
            # SystemError: before 3.13 the part in C looks for its exception in `json`, without an import.
            raise ValueError("no JSON") from None
        if end != len(trimmed):
            raise ValueError(f"more than one value at character {end}")
        return value

    def dumps(value: Any) -> str:
        return "".join(encode(value, 0))

    if loads(dumps({"a": [1, None, "\x00"]})) != {"a": [1, None, "\x00"]}:
        raise TypeError("the parts in C have another form")
    return loads, dumps


def _plain() -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    import json

    def loads(text: str) -> Any:
        return json.loads(text, parse_constant=_no_constant)

    def dumps(value: Any) -> str:
        return json.dumps(value, allow_nan=False)

    return loads, dumps


try:
    loads, dumps = _lean()
except (ImportError, AttributeError, TypeError, ValueError):
    loads, dumps = _plain()
