"""A question before something is ended."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class ConfirmScreen(ModalScreen[bool]):
    """Asks, and says what will happen; `y` or Enter does it, `n` or Escape does not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > Vertical {
        width: 64; max-width: 96%; height: auto; padding: 1 2; background: $panel; border: round $accent;
    }
    """

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence

    def compose(self) -> ComposeResult:
        """Question, consequence, keys."""
        with Vertical():
            yield Static(Text(self._question, "bold"))
            yield Static(Text(f"\n{self._consequence}\n"))
            yield Static(Text("y yes    n no", "dim"))

    def action_answer(self, yes: bool) -> None:
        """Give the answer."""
        self.dismiss(yes)
