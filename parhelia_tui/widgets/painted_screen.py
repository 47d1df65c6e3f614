"""A screen that paints what has changed and nothing else, as soon as it has."""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet

from textual.events import ScreenResume
from textual.geometry import Size
from textual.screen import Screen, ScreenResultType
from textual.timer import Timer
from textual.widget import Widget

from parhelia_tui.widgets.painter import Painter

PAUSE_S = 0.005
"""Seconds between two paints. Textual's sixtieth of one would hold up a key for what was painted just before it."""


class PaintedScreen(Screen[ScreenResultType]):
    """Textual's screen with a painter of ours (docs/decisions/0006)."""

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        self._compositor: Painter = Painter()
        self._painting: Timer | None = None
        self._rest: asyncio.Handle | None = None
        self._was_in_front = self._resumes = self._lays_out = False

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
        """All that had changed was painted."""

    def _on_timer_update(self) -> None:
        """Paint what has changed, but for what is held back: that is asked for again with the next paint."""
        held = self.held_back(self._dirty_widgets)
        self._dirty_widgets -= held
        some = self._dirty_widgets or self._layout_required or self._scroll_required or self._repaint_required
        super()._on_timer_update()
        if held:
            self._dirty_widgets |= held
            self._update_timer.resume()
        if some and self._rest is None:
            self.painted()

    def _on_screen_resume(self, event: ScreenResume) -> None:
        """Come to the front: the layout in the next turn of the loop, and styles anew where it was there before."""
        event.prevent_default()
        # All that a screen holds was given its styles a moment ago, when it was made.
        event.refresh_styles = event.refresh_styles and self._was_in_front
        self._was_in_front = True
        self._resumes = True
        try:
            super()._on_screen_resume(event)
        finally:
            self._resumes = False

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        """Lay the screen out; what that changes is painted in a turn of its own."""
        if self._resumes:
            asyncio.get_running_loop().call_soon(self._lay_out_resumed, size)
            return
        self._lays_out = True
        try:
            super()._refresh_layout(size, scroll)
        finally:
            self._lays_out = False

    def _lay_out_resumed(self, size: Size | None) -> None:
        # It may have been left meanwhile.
        if self.is_attached:
            self._refresh_layout(size)

    def _compositor_refresh(self) -> None:
        """Paint, unless another screen covers it: Textual would paint that one again, and again for each paint.

        Of much that has changed only a part is painted at once; a key that comes meanwhile goes before the rest.
        """
        if self._is_covered():
            # It is painted as a whole when it is in front again.
            self._compositor._dirty_regions.clear()
            self._dirty_widgets.clear()
            return
        if not self._lays_out:
            super()._compositor_refresh()
        if self._compositor.has_more and self._rest is None:
            self._rest = asyncio.get_running_loop().call_soon(self._paint_rest)

    def _paint_rest(self) -> None:
        self._rest = None
        if self._repaint_required or self.app._batch_count:
            # All of it is painted in a moment, or several changes are to be seen as one.
            self.refresh()
        elif self.is_current:
            self._compositor_refresh()
            if self._rest is None:
                self.painted()

    def _is_covered(self) -> bool:
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :] if self in stack else []
        return any(each.styles.background.a == 1 for each in above)
