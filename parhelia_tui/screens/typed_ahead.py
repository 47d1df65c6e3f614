"""What is typed after the key that opens a screen, and before the field of that screen has its focus."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

from textual import events
from textual.widgets import Input, TextArea

from parhelia_tui.widgets.keys_in_turn import edit, is_bound
from parhelia_tui.widgets.painted_modal import PaintedModal

Answer = TypeVar("Answer")
EDITS = frozenset(
    ("backspace", "delete", "left", "right", "home", "end", "ctrl+a", "ctrl+e", "ctrl+k", "ctrl+u", "ctrl+w")
)
"""Keys that every field knows and no screen does."""


class TypedAhead(PaintedModal[Answer], Generic[Answer]):
    """Puts letters, what mends them, and Enter behind them, where they were meant to go; without it they would be lost.

    A terminal gives many keys at once where somebody types fast or the machine is slow. They are sent to what has the
    focus when they come, and the key that opens the screen is one of them.
    """

    _ahead: tuple[events.Key, ...] = ()

    @abstractmethod
    def typed_field(self) -> Input | TextArea:
        """The field that is typed into first."""

    @abstractmethod
    def send_typed(self) -> None:
        """Do what Enter does in that field."""

    def take_key(self, event: events.Key) -> bool:
        """Take a key that no widget took: it came before the field had its focus, or on the way to another screen."""
        if not (_is_letter(event) or event.key == "enter" or event.key in EDITS):
            return False
        if self.is_mounted:
            field = self.typed_field()
            if self.focused not in (None, field):
                return False
            if self.focused is field and is_bound(field, event.key):
                # Bindings are looked up after this, those of what has the focus first.
                return False
        self._ahead += (event,)
        if self.is_mounted:
            self.type_ahead()
        return True

    def type_ahead(self) -> None:
        """Put what came so far into the field; to be called when the screen is mounted."""
        keys, self._ahead = self._ahead, ()
        field = self.typed_field()
        for key in keys:
            if key.key == "enter":
                self.send_typed()
            elif key.key in EDITS:
                edit(field, key.key)
            elif isinstance(field, Input):
                field.insert_text_at_cursor(key.character or "")
            else:
                field.insert(key.character or "")


def _is_letter(event: events.Key) -> bool:
    return event.is_printable and bool(event.character)
