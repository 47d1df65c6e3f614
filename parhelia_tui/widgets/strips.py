"""From styled text to a strip of cells, the way every widget here draws a line."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip


def segments_of(text: Text, base: Style, console: Console) -> list[Segment]:
    """Draw a text over a base style; a colour that it calls the default one is that of the base."""
    # Of a text without spans, `render` leaves the style of the whole to its caller.
    whole = base + console.get_style(text.style) if text.style else base
    return [
        Segment(each.text, _over(whole, each.style) if each.style else whole)
        for each in text.render(console, end="")
    ]


def _over(base: Style, style: Style) -> Style:
    merged = base + style
    ink, ground = merged.color, merged.bgcolor
    if (ink is not None and ink.is_default) or (ground is not None and ground.is_default):
        # The terminal around the dashboard may have other colours than the dashboard.
        merged += Style(
            color=base.color if ink is not None and ink.is_default else None,
            bgcolor=base.bgcolor if ground is not None and ground.is_default else None,
        )
    return merged


def strip_of(text: Text, width: int, base: Style, console: Console) -> Strip:
    """Draw a text as one line exactly so many cells wide, with an ellipsis where it is cut."""
    if text.cell_len > width:
        text = text.copy()
        text.truncate(width, overflow="ellipsis")
    return Strip(segments_of(text, base, console)).adjust_cell_length(width, base)
