"""A difference as lines of one column, or of two side by side; nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.text import plain

LINE_CUT = 2000
SIDES_FROM = 110
"""Columns from which two sides have room beside each other."""
_COLOURS = {"+": "success", "-": "error", "@": "primary"}


@dataclass(frozen=True, slots=True)
class _Pair:
    """A line of the two sides: a sign and a text each; a headline stands in `left` alone."""

    left: str
    right: str
    head: bool = False


class DiffLines:
    """What differs in one file.

    Args:
        text: the difference in unified form, or a sentence why there is none. It may hold anything.
    """

    def __init__(self, text: str) -> None:
        self.unified = [line[:LINE_CUT] for line in plain(text).expandtabs(4).rstrip("\n").split("\n")]
        self.is_diff = any(line.startswith("@@") for line in self.unified)
        self.pairs = _pairs(self.unified) if self.is_diff else []

    def one(self, index: int, colours: Mapping[str, str]) -> Text:
        """A line of the unified form."""
        return _coloured(self.unified[index], colours)

    def both(self, index: int, width: int, colours: Mapping[str, str]) -> Text:
        """A line of both sides, each on half of the width."""
        pair = self.pairs[index]
        if pair.head:
            return _coloured(pair.left, colours)
        half = max(1, (width - 3) // 2)
        left, right = (_coloured(each, colours) for each in (pair.left, pair.right))
        left.truncate(half, overflow="ellipsis")
        left.pad_right(max(0, half - left.cell_len))
        return Text.assemble(left, (" │ ", Style(color=colours.get("secondary"))), right)


def _coloured(line: str, colours: Mapping[str, str]) -> Text:
    return Text(line, Style(color=colours.get(_COLOURS.get(line[:1], ""))))


def _pairs(lines: list[str]) -> list[_Pair]:
    found: list[_Pair] = []
    gone: list[str] = []
    came: list[str] = []

    def flush() -> None:
        found.extend(_Pair(old, new) for old, new in zip_longest(gone, came, fillvalue=""))
        gone.clear()
        came.clear()

    begun = False
    for line in lines:
        begun = begun or line.startswith("@@")
        if begun and line.startswith("-"):
            if came:
                flush()
            gone.append(line)
        elif begun and line.startswith("+"):
            came.append(line)
        else:
            flush()
            head = not begun or line[:1] in ("@", "\\")
            found.append(_Pair(line, "" if head else line, head))
    flush()
    return found
