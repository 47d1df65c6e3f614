"""One line of parts, of which the least important go first where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget

from parhelia_tui.widgets.strips import strip_of


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar.

    Args:
        rank: parts of a higher rank go first where there is no room; 0 always stays.
    """

    text: Text
    rank: int = 0


class Bar(Widget):
    """The bars at top and bottom, and the line of notices.

    Args:
        gap: cells between two parts.
    """

    DEFAULT_CSS = """
    Bar { height: 1; }
    """

    def __init__(self, *, gap: int = 3, id: str | None = None) -> None:
        super().__init__(id=id)
        self._gap = gap
        self._parts: list[Part] = []

    def show(self, parts: Sequence[Part]) -> None:
        """Show these parts; nothing is drawn when they are the same as before."""
        fresh = list(parts)
        # Texts are the same to Rich whose own style differs.
        if [_looks(each) for each in fresh] != [_looks(each) for each in self._parts]:
            self._parts = fresh
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the parts that there is room for."""
        kept, width = list(self._parts), self.size.width
        while sum(part.text.cell_len + self._gap for part in kept) - self._gap + 1 > width:
            least = max(kept, key=lambda part: part.rank)
            if least.rank == 0:
                break
            # The last of several with the same rank: what comes first in a line is read first.
            del kept[len(kept) - 1 - [part.rank for part in reversed(kept)].index(least.rank)]
        line = Text(" ")
        for number, part in enumerate(kept):
            line.append(" " * self._gap if number else "")
            line.append_text(part.text)
        return strip_of(line, width, self.rich_style, self.app.console)


def _looks(part: Part) -> tuple[Part, object]:
    return part, part.text.style
