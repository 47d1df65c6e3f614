"""The live screen of a session, in colour."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from parhelia_tui.widgets.strips import segments_of, strip_of


class TerminalView(Widget, can_focus=True):
    """Shows the lines of a terminal, the last ones where there is not room for all."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "open", show=False)]
    DEFAULT_CSS = """
    TerminalView { height: 1fr; }
    """

    class Opened(Message):
        """Enter, or a double click."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Text] = []
        self._drawn: dict[str, Text] = {}
        self._cursor: tuple[int, int] | None = None

    def show(self, lines: tuple[str, ...], cursor: tuple[int, int] | None) -> None:
        """Show the screen of a terminal.

        Args:
            lines: text with SGR colours and no other control sequence.
            cursor: column and line of the cursor, in cells from 0; None where it is hidden.
        """
        # Most lines of a frame are those of the one before; decoding is what costs.
        self._drawn = {line: self._drawn.get(line) or Text.from_ansi(line) for line in lines}
        self._put([self._drawn[line] for line in lines], cursor)

    def show_text(self, lines: list[Text]) -> None:
        """Show lines of our own: what a task that has ended printed, or a word in place of a screen."""
        self._drawn = {}
        self._put(lines, None)

    def _put(self, lines: list[Text], cursor: tuple[int, int] | None) -> None:
        last = len(lines)
        while last > 0 and not lines[last - 1].plain.strip() and (cursor is None or last - 1 > cursor[1]):
            last -= 1
        self._lines, self._cursor = lines[:last], cursor
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, height = self.size
        index = max(0, len(self._lines) - height) + y
        if index >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[index]
        if self._cursor is not None and self._cursor[1] == index:
            return self._with_cursor(line, self._cursor[0], width)
        if line.cell_len <= width:
            return strip_of(line, width, self.rich_style, self.app.console)
        # A terminal is cut where the pane ends, without a sign that it never printed.
        return Strip(segments_of(line, self.rich_style, self.app.console)).crop(0, width)

    def _with_cursor(self, line: Text, column: int, width: int) -> Strip:
        """Draw a line with the cell of the cursor reversed, which may be one half of a wide character."""
        line = line.copy()
        line.pad_right(max(0, column + 1 - line.cell_len))
        cells = 0
        for number, letter in enumerate(line.plain):
            cells += Text(letter).cell_len
            if cells > column:
                line.stylize(Style(reverse=True), number, number + 1)
                break
        strip = Strip(segments_of(line, self.rich_style, self.app.console))
        return strip.adjust_cell_length(max(width, line.cell_len), self.rich_style).crop(0, width)

    def action_open(self) -> None:
        """Say that somebody wants in."""
        self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """A double click wants in."""
        if event.chain == 2:
            self.action_open()
