"""The panes of the home screen: where they stand, which one is in front, and how Tab goes through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.screen import Screen
from textual.widget import Widget

from parhelia_tui.core.settings.view_file import View
from parhelia_tui.screens import pane_order
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.two_sides import TwoSides

NARROW = 100
"""Columns below which one pane is seen at a time."""
HEIGHTS = {"tasks": -2, "containers": -1, "heartbeats": -1, "budget": 9, "events": -1}
"""Lines of a pane, or its share of what is left, with a minus."""
_ZOOMED = "-zoomed"


class HomePanes:
    """Places panes, one of which has the focus and is alone in sight where there is room for one.

    Args:
        screen: shows them.
        sides: holds them.
        view: gives how the screen is to look.
        take_view: has it look otherwise.
    """

    def __init__(
        self,
        screen: Screen[Any],
        sides: TwoSides,
        view: Callable[[], View],
        take_view: Callable[[View], None],
    ) -> None:
        self._screen = screen
        self._sides = sides
        self._view = view
        self._take_view = take_view
        self._front = "tasks"

    @property
    def zoomed(self) -> bool:
        """Whether one pane is over everything, as long as somebody wants it."""
        return self._screen.has_class(_ZOOMED)

    def place(self) -> None:
        """Put the panes where the view has them; a hidden one cannot stay in front."""
        there = pane_order.shown(self._view())
        if self._front not in there:
            self._front = there[0]
        if self._alone:
            self._sides.place([self._front], (), "")
        else:
            left, right = (
                [name for name in side if name in there] for side in pane_order.sides(self._view())
            )
            self._sides.place(left, right, pane_order.BELOW if pane_order.BELOW in there else "")
        self._name_next()
        inside = self._pane(self._front).inside
        if self._screen.is_current and not inside.has_focus:
            inside.focus()

    def bring_front(self, name: str) -> None:
        """Go to a pane, also to one that was hidden; on a narrow screen it is the one that is seen."""
        self._front = name
        if name in self._view().hidden:
            self._take_view(pane_order.turned(self._view(), name))
        else:
            self.place()

    def bring_first(self) -> None:
        """Go to the first pane that is shown."""
        self.bring_front(pane_order.shown(self._view())[0])

    def go_on(self, by: int) -> None:
        """Go so many panes on, or back."""
        there = pane_order.shown(self._view())
        self.bring_front(there[(there.index(self._front) + by) % len(there)])

    def zoom(self) -> None:
        """One pane over everything, and back."""
        self._screen.toggle_class(_ZOOMED)
        self.place()

    def leave_zoom(self) -> None:
        """All panes again."""
        if self.zoomed:
            self.zoom()

    def carry(self, by: int) -> None:
        """Move the pane of the focus so many places down, past the end to the other side."""
        self._take_view(pane_order.carried(self._view(), self._front, by))

    def hide(self) -> None:
        """Hide the pane of the focus."""
        self._take_view(pane_order.turned(self._view(), self._front))

    def focus_went_to(self, widget: Widget) -> None:
        """The focus went to a widget, by key or by mouse: its pane comes to the front."""
        for name, pane in self._sides.panes.items():
            if widget is pane.inside and name != self._front:
                self.bring_front(name)

    @property
    def _alone(self) -> bool:
        return self.zoomed or self._screen.size.width < NARROW

    def _pane(self, name: str) -> Pane:
        return self._sides.panes[name]

    def _name_next(self) -> None:
        """Where one pane is seen at a time, say which one Tab brings."""
        there = pane_order.shown(self._view())
        following = self._pane(there[(there.index(self._front) + 1) % len(there)]).title
        for name, pane in self._sides.panes.items():
            pane.border_subtitle = f"Tab: {following}" if self._alone and name == self._front else ""
