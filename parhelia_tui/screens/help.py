"""The keys of a screen, made from its own bindings."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static


class HelpScreen(ModalScreen[None]):
    """Lists keys with what they do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "Close")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 60; max-width: 96%; height: auto; max-height: 90%; padding: 1 2;
        background: $panel; border: round $primary;
    }
    """

    def __init__(self, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        """One line for each key."""
        text = Text("Keys\n\n", "bold")
        for key, about in self._keys:
            text.append(f"{key:<16}", "bold")
            text.append(f"{about}\n", "not bold")
        text.append("\nAttached to a terminal, Ctrl+Q leaves it and the work goes on.", "dim not bold")
        with VerticalScroll():
            yield Static(text)
