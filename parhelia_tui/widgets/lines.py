"""A pane of ready-made lines: budget, heartbeats, events, the bars at top and bottom."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget


class Lines(Widget):
    """Draws the lines it was given, from the top or, `from_end`, the last ones that fit."""

    DEFAULT_CSS = """
    Lines { height: 1fr; }
    """

    def __init__(self, *, from_end: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._from_end = from_end
        self._lines: Sequence[Text] = ()

    def show(self, lines: Sequence[Text]) -> None:
        """Show these lines; nothing is drawn when they are the same as before."""
        if list(lines) != list(self._lines):
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        index = y + (max(0, len(self._lines) - self.size.height) if self._from_end else 0)
        base = self.rich_style
        if index >= len(self._lines):
            return Strip.blank(self.size.width, base)
        line = self._lines[index].copy()
        line.truncate(self.size.width, overflow="ellipsis")
        segments = [
            Segment(each.text, base + each.style if each.style else base)
            for each in line.render(self.app.console, end="")
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)
