"""A screen of lines, and the keys that move in it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.pane import Pane

HINT = "Esc back   g first line   G last line"


class LinesScreen(OverHome[None]):
    """Lines that are scrolled by keys, until it is left.

    Args:
        lines: what is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "back"),
        Binding("g,home", "jump(0)", "first line"),
        Binding("G,end", "jump(1)", "last line"),
        Binding("j", "step(1)", "down"),
        Binding("k", "step(-1)", "up"),
    ]

    def __init__(self, lines: LineView) -> None:
        super().__init__()
        self.lines = lines

    def framed(self, name: str, id: str, head: str, hint: str = HINT) -> Pane:
        """Put the lines into a frame.

        Args:
            name: what the pane is called.
            head: its title.
            hint: its keys.
        """
        pane = Pane(name, self.lines, id)
        pane.head(head)
        pane.border_subtitle = hint
        return pane

    def action_jump(self, to: int) -> None:
        """Go to the first (0) or last (1) line."""
        if to:
            self.lines.scroll_end(animate=False)
        else:
            self.lines.scroll_home(animate=False)

    def action_step(self, by: int) -> None:
        """Scroll by lines."""
        self.lines.scroll_relative(y=by, animate=False)
