"""A frame with a title around one widget."""

from __future__ import annotations

from typing import Any, Self

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.widget import Widget


class Pane(Vertical):
    """A bordered part of a screen.

    Args:
        name: what it is called in the title, and in the list of panes.
        inside: what it shows; the focus goes there.
    """

    DEFAULT_CSS = """
    Pane { border: round $secondary 40%; border-title-color: $secondary; border-subtitle-color: $secondary; }
    Pane:focus-within { border: round $primary; border-title-color: $primary; }
    """

    def __init__(self, name: str, inside: Widget, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.title = name
        self.inside = inside
        self._shown = ""
        self._heading = False
        self.head(name)

    def compose(self) -> ComposeResult:
        """What is inside."""
        yield self.inside

    def head(self, text: str) -> None:
        """Set the title line; no text becomes markup here."""
        if text != self._shown:
            self._shown = text
            self._heading = True
            self.border_title = Text(text)
            self._heading = False

    def refresh(self, *regions: Region, **wanted: Any) -> Self:
        """Draw it again; of another title, the line in which that stands and not all that is inside."""
        if self._heading and not regions:
            # Counted from what is inside of the frame.
            regions = (Region(-1, -1, self.outer_size.width, 1),)
        return super().refresh(*regions, **wanted)
