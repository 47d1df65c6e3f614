"""The palette of commands (Ctrl+P), in front of a screen that is seen through its background."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette

from parhelia_tui.widgets.keys_in_turn import forget_keys
from parhelia_tui.widgets.painted_modal import PaintedModal


class PaintedPalette(CommandPalette, PaintedModal[None]):
    """Textual's palette, painted as the dialogs are."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Leave it; a command that was chosen runs behind all keys that have come, so those do nothing."""
        forget_keys(self.app)
        return super().dismiss(result)
