"""A text of several lines, to be changed and kept."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static, TextArea

from parhelia_tui.widgets.painted_modal import PaintedModal

KEYS = "Ctrl+S keeps it, Esc goes back"
LOSES = "What you changed is not kept: Esc again drops it, Ctrl+S keeps it."


class EditTextScreen(PaintedModal[str | None]):
    """Gives the text when it is kept, None when it was left.

    Args:
        title: what stands above.
        text: what it begins with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "keep", priority=True),
        Binding("escape", "leave", "leave", priority=True),
    ]
    DEFAULT_CSS = """
    EditTextScreen { align: center middle; }
    EditTextScreen > Vertical {
        width: 100; max-width: 96%; height: 80%; padding: 1 2; background: $panel; border: round $accent;
    }
    EditTextScreen TextArea { height: 1fr; margin: 1 0; }
    """

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._warned = False
        self.hint = Static(Text(KEYS))

    def compose(self) -> ComposeResult:
        """Title, text, keys."""
        with Vertical():
            yield Static(Text(self._title, "bold"))
            yield TextArea(self._text, soft_wrap=True, tab_behavior="indent")
            yield self.hint

    def on_text_area_changed(self) -> None:
        """Another change: another warning."""
        self._warned = False
        self.hint.update(Text(KEYS))

    def action_keep(self) -> None:
        """Give the text."""
        self.dismiss(self.query_one(TextArea).text)

    def action_leave(self) -> None:
        """Give nothing; where something would be lost, only when asked twice."""
        if self.query_one(TextArea).text != self._text and not self._warned:
            self._warned = True
            self.hint.update(Text(LOSES, "bold"))
            return
        self.dismiss(None)
