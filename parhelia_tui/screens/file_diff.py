"""What changed in one file, line by line."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult

from parhelia_tui.core.model.text import one_line, plain
from parhelia_tui.screens.lines_screen import LinesScreen
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.pane import Pane

LINE_CUT = 2000
_COLOURS = {"+": "success", "-": "error", "@": "primary"}


class FileDiffScreen(LinesScreen):
    """Shows a difference.

    Args:
        path: of the file, in the workspace.
        text: the difference in unified form, or a sentence why there is none.
    """

    def __init__(self, path: str, text: str) -> None:
        super().__init__(LineView(id="difference"))
        self._path = path
        self._said = [line[:LINE_CUT] for line in plain(text).expandtabs(4).split("\n")]

    def compose(self) -> ComposeResult:
        """The lines."""
        pane = Pane("Difference", self.lines, "difference-pane")
        pane.head(one_line(self._path, 200))
        pane.border_subtitle = "Esc back   g first line   G last line"
        yield pane

    def on_mount(self) -> None:
        """Show them."""
        self.lines.show(len(self._said), self._line)

    def _line(self, index: int, width: int) -> Text:
        line = self._said[index]
        colour = self.app.theme_variables.get(_COLOURS.get(line[:1], ""))
        return Text(line, Style(color=colour))
