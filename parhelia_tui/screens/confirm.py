"""A question before something is ended."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from parhelia_tui.widgets.painted_modal import PaintedModal


class ConfirmScreen(PaintedModal[bool]):
    """Asks, and says what will happen. Enter presses the button of the focus, which is first the harmless one.

    Args:
        yes, no: what the two answers do, in words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes"),
        Binding("n,escape", "answer(False)", "no"),
        Binding("left,right,up,down", "app.focus_next", "the other answer"),
    ]
    AUTO_FOCUS = "#no"
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > Vertical {
        width: 72; max-width: 96%; height: auto; padding: 1 2; background: $panel; border: round $accent;
    }
    ConfirmScreen Horizontal { height: 1; margin-top: 1; }
    ConfirmScreen Button { margin-right: 3; width: auto; min-width: 0; padding: 0 1; }
    """

    def __init__(self, question: str, consequence: str, yes: str, no: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._answers = yes, no

    def compose(self) -> ComposeResult:
        """Question, consequence, answers."""
        yes, no = self._answers
        with Vertical():
            yield Static(Text(self._question, "bold"), id="question")
            yield Static(Text(self._consequence))
            with Horizontal():
                yield Button(Text(f"y  {yes}"), id="yes", compact=True)
                yield Button(Text(f"n  {no}"), id="no", compact=True)

    def on_button_pressed(self, message: Button.Pressed) -> None:
        """Give the answer of a button."""
        self.dismiss(message.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Give the answer."""
        self.dismiss(yes)
