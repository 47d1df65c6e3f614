"""A screen that paints what has changed and nothing else, as soon as it has."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from textual.screen import Screen, ScreenResultType
from textual.timer import Timer
from textual.widget import Widget

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

    def held_back(self, dirty: AbstractSet[Widget]) -> set[Widget]:
        """Give those of the widgets with changes that are not painted yet."""
        return set()

    def painted(self) -> None:
        """Something was painted."""

    def _on_timer_update(self) -> None:
        """Paint what has changed, but for what is held back: that is asked for again with the next paint."""
        held = self.held_back(self._dirty_widgets)
        self._dirty_widgets -= held
        some = self._dirty_widgets or self._layout_required or self._scroll_required or self._repaint_required
        super()._on_timer_update()
        if held:
            self._dirty_widgets |= held
            self._update_timer.resume()
        if some:
            self.painted()

    def _compositor_refresh(self) -> None:
        """Paint, unless another screen covers it: Textual would paint that one again, and again for each paint."""
        if self._is_covered():
            # It is painted as a whole when it is in front again.
            self._compositor._dirty_regions.clear()
            self._dirty_widgets.clear()
        else:
            super()._compositor_refresh()

    def _is_covered(self) -> bool:
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :] if self in stack else []
        return any(each.styles.background.a == 1 for each in above)
