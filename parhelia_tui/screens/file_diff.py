"""What changed in one file, line by line."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from parhelia_tui.core.model.text import one_line, plain
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.pane import Pane

LINE_CUT = 2000
_COLOURS = {"+": "success", "-": "error", "@": "primary"}


class FileDiffScreen(Screen[None]):
    """Shows a difference.

    Args:
        path: of the file, in the workspace.
        text: the difference in unified form, or a sentence why there is none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "back"),
        Binding("g,home", "jump(0)", "first line"),
        Binding("G,end", "jump(1)", "last line"),
        Binding("j", "step(1)", "down"),
        Binding("k", "step(-1)", "up"),
    ]

    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self._path = path
        self._said = [line[:LINE_CUT] for line in plain(text).expandtabs(4).split("\n")]
        self.lines = LineView(id="difference")

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

    def action_jump(self, to: int) -> None:
        """Go to the first (0) or last (1) line."""
        if to:
            self.lines.scroll_end(animate=False)
        else:
            self.lines.scroll_home(animate=False)

    def action_step(self, by: int) -> None:
        """Scroll by lines."""
        self.lines.scroll_relative(y=by, animate=False)
