"""What a task printed, whole."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static


class LogScreen(Screen[None]):
    """Shows lines that are already safe to show."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,l", "app.pop_screen", "Back"),
        Binding("g,home", "jump(0)", "Top"),
        Binding("G,end", "jump(1)", "End"),
    ]
    DEFAULT_CSS = """
    LogScreen > VerticalScroll { border: round $secondary; padding: 0 1; }
    """

    def __init__(self, title: str, lines: list[str]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The lines, the last in sight."""
        scroll = VerticalScroll()
        scroll.border_title = Text(f"{self._title} ▪ output ▪ Esc back")
        with scroll:
            yield Static(Text("\n".join(self._lines) or "nothing was printed"))

    def on_mount(self) -> None:
        """Begin at the end."""
        self.action_jump(1)

    def action_jump(self, to: int) -> None:
        """Go to the first (0) or last (1) line."""
        scroll = self.query_one(VerticalScroll)
        scroll.focus()
        if to:
            scroll.scroll_end(animate=False)
        else:
            scroll.scroll_home(animate=False)
