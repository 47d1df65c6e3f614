"""One question with a line to type."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from parhelia_tui.widgets.painted_modal import PaintedModal


class AskScreen(PaintedModal[str | None]):
    """Asks for a line; gives None when it was left with Escape, or stayed empty where that is no answer.

    Args:
        question: what is asked.
        hint: what the answer does.
        first: what stands in the line at first.
        empty: nothing is an answer too.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave")]
    DEFAULT_CSS = """
    AskScreen { align: center middle; }
    AskScreen > Vertical {
        width: 76; max-width: 96%; height: auto; padding: 1 2; background: $panel; border: round $accent;
    }
    AskScreen Input { margin-top: 1; }
    """

    def __init__(self, question: str, hint: str, first: str = "", *, empty: bool = False) -> None:
        super().__init__()
        self._empty = empty
        self._question = question
        self._hint = hint
        self._line = Input(first, compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        """Question, hint, line."""
        with Vertical():
            yield Static(Text(self._question, "bold"))
            yield Static(Text(self._hint))
            yield self._line

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Give the line as it stood when Enter came."""
        typed = message.value.strip()
        self.dismiss(typed if typed or self._empty else None)

    def action_leave(self) -> None:
        """Give nothing."""
        self.dismiss(None)
