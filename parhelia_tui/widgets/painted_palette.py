"""The palette of commands (Ctrl+P), in front of a screen that is seen through its background."""

from __future__ import annotations

from textual.command import CommandPalette

from parhelia_tui.widgets.painted_modal import PaintedModal


class PaintedPalette(CommandPalette, PaintedModal[None]):
    """Textual's palette, painted as the dialogs are."""
