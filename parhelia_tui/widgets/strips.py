"""From styled text to a strip of cells, the way every widget here draws a line."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip


def segments_of(text: Text, base: Style, console: Console) -> list[Segment]:
    """Draw a text over a base style."""
    return [
        Segment(each.text, base + each.style if each.style else base) for each in text.render(console, end="")
    ]


def strip_of(text: Text, width: int, base: Style, console: Console) -> Strip:
    """Draw a text as one line exactly so many cells wide, with an ellipsis where it is cut."""
    if text.cell_len > width:
        text = text.copy()
        text.truncate(width, overflow="ellipsis")
    return Strip(segments_of(text, base, console)).adjust_cell_length(width, base)
