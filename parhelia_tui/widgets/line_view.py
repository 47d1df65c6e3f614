"""A pane of lines of which only those that are seen are made."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from parhelia_tui.widgets.strips import strip_of

LineMaker = Callable[[int, int], Text]


class LineView(ScrollView, can_focus=True):
    """Shows lines by number.

    Args:
        from_end: begin at the last line and stay there while it is in sight, however many follow.
    """

    DEFAULT_CSS = """
    LineView { height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }
    """

    def __init__(self, *, from_end: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._from_end = from_end
        self._at_end = from_end
        self._count = 0
        self._line: LineMaker = lambda index, width: Text()

    def show(self, count: int, line: LineMaker) -> None:
        """Show so many lines.

        Args:
            line: makes the line of an index from 0, for a width in cells.
        """
        self._count, self._line = count, line
        self._fit(self.size)
        self.refresh()

    def show_lines(self, lines: list[Text]) -> None:
        """Show lines that are made already."""
        self.show(len(lines), lambda index, width: lines[index])

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, index = self.scrollable_content_region.width, self.scroll_offset.y + y
        if index >= self._count:
            return Strip.blank(width, self.rich_style)
        return strip_of(self._line(index, width), width, self.rich_style, self.app.console)

    def on_resize(self, event: events.Resize) -> None:
        """Stay at the end."""
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        self.virtual_size = Size(size.width, self._count)
        if self._at_end:
            # Forced: until the next layout there is no scrollbar yet, and without one nothing scrolls.
            self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Remember whether the end is in sight."""
        super().watch_scroll_y(old_value, new_value)
        if self._from_end and self._count:
            self._at_end = round(new_value) >= self.max_scroll_y
