"""Said in place of everything while the terminal is too small for it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

LEAST = Size(80, 24)


def is_too_small(size: Size) -> bool:
    """Say whether a terminal has fewer columns or rows than the dashboard needs."""
    return size.width < LEAST.width or size.height < LEAST.height


class TooSmallScreen(Screen[None]):
    """Waits for a larger terminal; nothing below it is lost."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.quit", "quit")]

    def compose(self) -> ComposeResult:
        """The sizes, and what else there is."""
        yield Sizes()

    def on_screen_resume(self) -> None:
        """Leave where the terminal has grown while something else lay over this."""
        if not is_too_small(self.app.size):
            self.dismiss(None)


class Sizes(Widget):
    """Says the size that is there and the size that is needed."""

    DEFAULT_CSS = """
    Sizes { content-align: center middle; text-align: center; }
    """

    def render(self) -> Text:
        """Say the size as it is now."""
        text = Text(f"This terminal has {self.size.width}x{self.size.height}.\n", "bold")
        text.append(f"The dashboard needs {LEAST.width}x{LEAST.height}: make it larger.\n", "not bold")
        return text.append("q quits, the work goes on.\nparhelia task list fits anywhere.", "dim not bold")
