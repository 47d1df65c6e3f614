"""The panes of the home screen: where they stand, which one is in front, and how Tab goes through them."""

from __future__ import annotations

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


class HomePanes(Screen[None]):
    """A screen of panes, one of which has the focus and is alone in sight where there is room for one."""

    panes: tuple[Pane, ...]
    """In the order of `pane_order.PANES`."""
    view: View
    sides: TwoSides
    _front = "tasks"

    def take_view(self, view: View) -> None:
        """Show the screen in another way, and remember it."""
        raise NotImplementedError

    def pane(self, name: str) -> Pane:
        """Give a pane by its name."""
        return self.sides.panes[name]

    @property
    def _alone(self) -> bool:
        return self.has_class("-zoomed") or self.size.width < NARROW

    def place_panes(self) -> None:
        """Put the panes where the view has them; a hidden one cannot stay in front."""
        there = pane_order.shown(self.view)
        if self._front not in there:
            self._front = there[0]
        if self._alone:
            self.sides.place([self._front], (), "")
        else:
            left, right = ([name for name in side if name in there] for side in pane_order.sides(self.view))
            self.sides.place(left, right, pane_order.BELOW if pane_order.BELOW in there else "")
        self._name_next()
        inside = self.pane(self._front).inside
        if self.is_current and not inside.has_focus:
            inside.focus()

    def action_next_pane(self, by: int) -> None:
        """Go to another pane; on a narrow screen it is the one that is seen."""
        there = pane_order.shown(self.view)
        self.bring_front(there[(there.index(self._front) + by) % len(there)])

    def action_zoom(self) -> None:
        """One pane over everything, and back."""
        self.toggle_class("-zoomed")
        self.place_panes()

    def leave_zoom(self) -> None:
        """All panes again."""
        if self.has_class("-zoomed"):
            self.action_zoom()

    def action_carry_pane(self, by: int) -> None:
        """Move the pane of the focus one place up or down, past the end to the other side."""
        self.take_view(pane_order.carried(self.view, self._front, by))

    def action_hide_pane(self) -> None:
        """Hide the pane of the focus; `v` brings it back."""
        self.take_view(pane_order.turned(self.view, self._front))

    def focus_went_to(self, widget: Widget) -> None:
        """The focus went to a widget, by key or by mouse: its pane comes to the front."""
        for name, pane in self.sides.panes.items():
            if widget is pane.inside and name != self._front:
                self.bring_front(name)

    def on_resize(self) -> None:
        """Another size may show other panes."""
        self.place_panes()

    def _name_next(self) -> None:
        """Where one pane is seen at a time, say which one Tab brings."""
        there = pane_order.shown(self.view)
        following = self.pane(there[(there.index(self._front) + 1) % len(there)]).title
        for name, pane in self.sides.panes.items():
            pane.border_subtitle = f"Tab: {following}" if self._alone and name == self._front else ""

    def bring_front(self, name: str) -> None:
        """Go to a pane, also to one that was hidden; on a narrow screen it is the one that is seen."""
        self._front = name
        if name in self.view.hidden:
            self.take_view(pane_order.turned(self.view, name))
        else:
            self.place_panes()
