"""A scrollbar that is drawn again only where its thumb begins or ends on another eighth of a cell."""

from __future__ import annotations

from math import ceil

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.reactive import Reactive
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip

from parhelia_tui.widgets.bare_lines import BareLines

EIGHTHS = 8
"""Parts of a cell that a block of a scrollbar can fill (U+2581 to U+2588)."""


DARK, BRIGHT = Color.parse("#555555"), Color.parse("bright_magenta")
"""Of a theme without colours for scrollbars (ScrollBarRender)."""


class SteadyScrollBar(ScrollBar, BareLines):
    """Textual's scrollbar. That one is drawn whole for each row that is scrolled, which over ten thousand rows moves
    nothing in it and costs as much as half of the rows.
    """

    position: Reactive[float] = Reactive(0, repaint=False)
    window_virtual_size: Reactive[int] = Reactive(100, repaint=False)

    def __init__(self, thickness: int) -> None:
        super().__init__(vertical=True, name="vertical", thickness=thickness)
        self._drawn = 0, 0
        self._strips: list[Strip] = []

    def watch_position(self) -> None:
        """Another row is the first in sight."""
        self._move()

    def watch_window_virtual_size(self) -> None:
        """There are more rows, or fewer."""
        self._move()

    def render_line(self, y: int) -> Strip:
        """Draw a line, and remember where the thumb was drawn."""
        if self._dirty_regions or y >= len(self._strips):
            self._dirty_regions.clear()
            self._strips, self._drawn = self._bar(), self._place()
        return self._strips[y]

    def _bar(self) -> list[Strip]:
        """Every line of it, as Textual's own way over Rich would make it in five times the time."""
        bar, ground = self.render(), self.rich_style
        if not isinstance(bar, ScrollBarRender) or not isinstance(bar.style, Style):
            raise TypeError(f"{bar!r} is no scrollbar of Textual's")
        width, height = self.size
        drawn = bar.render_bar(
            height,
            bar.virtual_size,
            bar.window_size,
            bar.position,
            width,
            back_color=bar.style.bgcolor or DARK,
            bar_color=bar.style.color or BRIGHT,
        )
        return [Strip([Segment(each.text, ground + each.style)], width) for each in drawn.segments]

    def _move(self) -> None:
        place = self._place()
        if place != self._drawn:
            ends = [end // EIGHTHS for end in (*place, *self._drawn)]
            top, bottom = min(ends), min(max(ends), self.size.height - 1)
            self.refresh(Region(0, top, self.size.width, bottom - top + 1))

    def _place(self) -> tuple[int, int]:
        """Where the thumb begins and ends, in eighths of a cell (as in ScrollBarRender.render_bar)."""
        height, window, rows = self.size.height, ceil(self.window_size), ceil(self.window_virtual_size)
        if not (height and window) or rows in (height, window) or rows < window:
            return 0, height * EIGHTHS
        thumb = max(1.0, window / (rows / height))
        start = int((height - thumb) * (self.position / (rows - window)) * EIGHTHS)
        return start, start + ceil(thumb * EIGHTHS)
