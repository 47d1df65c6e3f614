"""A pane of lines of which only those that are seen are made."""

from __future__ import annotations

from collections.abc import Callable

from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.strip import Strip

from parhelia_tui.widgets.drawn_lines import DrawnLines, Texts
from parhelia_tui.widgets.strips import strip_of

LineMaker = Callable[[int, int], Text]
Origin = Callable[[int], object]


class LineView(DrawnLines, can_focus=True):
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
        self._origin: Origin | None = None

    def show(self, count: int, line: LineMaker, origin: Origin | None = None) -> None:
        """Show so many lines.

        Args:
            line: makes the line of an index from 0, for a width in cells.
            origin: gives what the line of an index is made from, so that only lines are drawn again for which
                that is something else; without it, all are.
        """
        self._count, self._line, self._origin = count, line, origin
        self._fit(self.size)
        if origin is None:
            self.refresh()
        else:
            self.refresh_changed()

    def show_lines(self, lines: list[Text]) -> None:
        """Show lines that are made already."""
        self.show(
            len(lines), lambda index, width: lines[index], lambda index: (lines[index], lines[index].style)
        )

    def made_of(self, y: int) -> object:
        """The line's own origin and place."""
        index = self.top + y
        if index >= self._count:
            return None
        return index, self.across, self._origin(index) if self._origin else object()

    def texts_of(self, y: int) -> Texts:
        """The line itself; nothing below the last one."""
        index = self.top + y
        return (self._line(index, self.across),) if index < self._count else ()

    def draw_line(self, y: int, texts: Texts, ground: Style) -> Strip:
        """Draw one line."""
        if not texts:
            return super().draw_line(y, texts, ground)
        return strip_of(texts[0], self.across, ground, self.app.console)

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
