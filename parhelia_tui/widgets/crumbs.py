"""The line that says where one is: the way from the fleet to what is seen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from parhelia_tui.core.model.text import one_line
from parhelia_tui.widgets.strips import strip_of

BETWEEN = " > "
SAID_S = 8.0
"""Seconds that words about a key stand in the place of the way."""
CUT = 400


class Crumbs(Widget):
    """One line; on a screen without a line for words it also says, for some seconds, why a key did nothing."""

    DEFAULT_CSS = """
    Crumbs { height: 1; color: $secondary; }
    Crumbs.-said { background: $accent; color: $background; }
    """

    def __init__(self) -> None:
        super().__init__(id="crumbs")
        self._way: tuple[str, ...] = ()
        self._said = ""
        self._later: Timer | None = None

    def show(self, way: Sequence[str]) -> None:
        """Show a way, the fleet first; nothing is drawn where it is the same."""
        safe = tuple(one_line(each, CUT) for each in way)
        if safe != self._way:
            self._way = safe
            self.refresh()

    def say(self, text: str) -> None:
        """Say something for some seconds."""
        if self._later is not None:
            self._later.stop()
        self._said = one_line(text, CUT)
        self.set_class(bool(self._said), "-said")
        self._later = self.set_timer(SAID_S, lambda: self.say("")) if self._said else None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw what there is room for."""
        width = self.size.width
        line = Text(f" {self._said}")
        if not self._said:
            *before, last = fitting(self._way, width - 2) or [""]
            line = (
                Text(" ")
                .append("".join(f"{each}{BETWEEN}" for each in before))
                .append(last, Style(bold=True))
            )
        line.truncate(width, overflow="ellipsis")
        return strip_of(line, width, self.rich_style, self.app.console)


def fitting(way: Sequence[str], width: int) -> list[str]:
    """Leave out of the middle of a way what there is no room for: the fleet and the end are what counts."""
    kept, dropped = list(way), 1
    while Text(BETWEEN.join(kept)).cell_len > width and dropped < len(way) - 1:
        kept = [way[0], "…", *way[1 + dropped :]]
        dropped += 1
    return kept
