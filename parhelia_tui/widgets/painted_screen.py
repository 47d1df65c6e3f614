"""A screen that paints what has changed and nothing else, as soon as it has."""

from __future__ import annotations

from textual.screen import Screen, ScreenResultType
from textual.timer import Timer

from parhelia_tui.widgets.painter import Painter

PAUSE_S = 0.005
"""Seconds between two paints. Textual's sixtieth of one would hold up a key for what was painted just before it."""


class PaintedScreen(Screen[ScreenResultType]):
    """Textual's screen with a painter of ours (docs/decisions/0006)."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = Painter()
        self._painting: Timer | None = None

    @property
    def _update_timer(self) -> Timer:
        """What paints, and stands still while nothing has changed; made when it is asked for first."""
        if self._painting is None:
            self._painting = self.set_interval(PAUSE_S, self._on_timer_update, name="paint", pause=True)
        return self._painting
