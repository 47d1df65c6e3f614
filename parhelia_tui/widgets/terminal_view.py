"""The live screen of a session, in colour."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget


class TerminalView(Widget):
    """Shows the lines of a terminal, the last ones where there is not room for all."""

    DEFAULT_CSS = """
    TerminalView { height: 1fr; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Text] = []
        self._cursor: tuple[int, int] | None = None

    def show(self, lines: list[Text], cursor: tuple[int, int] | None) -> None:
        """Show these lines.

        Args:
            cursor: column and line of the cursor, from 0; None where it is hidden.
        """
        self._lines = lines
        self._cursor = cursor
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As much as there is."""
        return container.height

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, height = self.size
        last = len(self._lines)
        while (
            last > 0
            and not self._lines[last - 1].plain.strip()
            and (self._cursor is None or last - 1 > self._cursor[1])
        ):
            last -= 1
        index = max(0, last - height) + y
        if index >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[index]
        if self._cursor is not None and self._cursor[1] == index:
            line = line.copy()
            column = self._cursor[0]
            line.pad_right(max(0, column + 1 - len(line.plain)))
            line.stylize(Style(reverse=True), column, column + 1)
        base = self.rich_style
        segments = [
            Segment(each.text, base + each.style if each.style else base)
            for each in line.render(self.app.console, end="")
        ]
        return Strip(segments).adjust_cell_length(width, base)
