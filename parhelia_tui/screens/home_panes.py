"""The panes of the home screen: which one is in front, which one alone is seen, and how Tab goes through them."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

from parhelia_tui.widgets.pane import Pane

NARROW = 100
"""Columns below which one pane is seen at a time."""


class HomePanes(Screen[None]):
    """A screen of panes: the first two in `#left`, three in `#right`, both in `#upper`, and the last across below."""

    panes: tuple[Pane, ...]
    _front = 0

    def action_next_pane(self, by: int) -> None:
        """Go to another pane; on a narrow screen it is the one that is seen."""
        self.bring_front((self._front + by) % len(self.panes))

    def action_zoom(self) -> None:
        """One pane over everything, and back."""
        self.toggle_class("-zoomed")
        self._name_next()

    def leave_zoom(self) -> None:
        """All panes again."""
        self.remove_class("-zoomed")
        self._name_next()

    def focus_went_to(self, widget: Widget) -> None:
        """The focus went to a widget, by key or by mouse: its pane comes to the front."""
        for number, pane in enumerate(self.panes):
            if widget is pane.inside:
                self.bring_front(number)

    def on_resize(self) -> None:
        """Another size may show other panes."""
        self._name_next()

    def _name_next(self) -> None:
        """Where one pane is seen at a time, say which one Tab brings."""
        alone = self.has_class("-zoomed") or self.size.width < NARROW
        following = self.panes[(self._front + 1) % len(self.panes)].title
        for number, pane in enumerate(self.panes):
            pane.border_subtitle = f"Tab: {following}" if alone and number == self._front else ""

    def bring_front(self, number: int) -> None:
        """Go to a pane; on a narrow screen it is the one that is seen."""
        self._front = number
        front = self.panes[number]
        for pane in self.panes:
            pane.set_class(pane is front, "-front")
        left, right = number in (0, 1), number in (2, 3, 4)
        self.query_one("#right").set_class(right, "-front")
        self.query_one("#left").set_class(not left, "-behind")
        self.query_one("#upper").set_class(not (left or right), "-behind")
        self._name_next()
        if not front.inside.has_focus:
            front.inside.focus()
