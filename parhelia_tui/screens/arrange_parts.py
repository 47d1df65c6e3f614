"""What can be arranged: the panes of the home screen, and the columns of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from parhelia_tui.core.settings.view_file import View
from parhelia_tui.screens import pane_order


class Part(Protocol):
    """Something of which names can be shown, hidden and moved; none of it changes a view but gives a new one."""

    @property
    def name(self) -> str:
        """What it is called in the list."""

    @property
    def about(self) -> Mapping[str, str]:
        """Every name that there is, with what it shows."""

    def order(self, view: View) -> Sequence[str]:
        """Every name, what is shown in its order."""

    def shown(self, view: View) -> Sequence[str]:
        """The names that are shown."""

    def turned(self, view: View, name: str) -> View:
        """With what was hidden shown, or the other way; the last one stays."""

    def carried(self, view: View, name: str, by: int) -> View:
        """With a name that is shown one place further up (-1) or down (1)."""

    def usual(self, view: View) -> View:
        """With nothing chosen."""


@dataclass(frozen=True, slots=True)
class ColumnsPart:
    """The columns of a table.

    Args:
        field: where the view remembers them.
        configured: what is shown while nothing is remembered.
    """

    name: str
    field: str
    configured: tuple[str, ...]
    about: Mapping[str, str]

    def shown(self, view: View) -> tuple[str, ...]:
        chosen: tuple[str, ...] = getattr(view, self.field)
        return tuple(name for name in chosen if name in self.about) or self.configured

    def order(self, view: View) -> list[str]:
        shown = self.shown(view)
        return [*shown, *(name for name in self.about if name not in shown)]

    def turned(self, view: View, name: str) -> View:
        shown = self.shown(view)
        if name not in shown:
            return self._with(view, (*shown, name))
        return self._with(view, tuple(each for each in shown if each != name)) if len(shown) > 1 else view

    def carried(self, view: View, name: str, by: int) -> View:
        shown = list(self.shown(view))
        if name not in shown:
            return view
        place = shown.index(name)
        shown.insert(max(0, place + by), shown.pop(place))
        return self._with(view, tuple(shown))

    def usual(self, view: View) -> View:
        return self._with(view, ())

    def _with(self, view: View, names: tuple[str, ...]) -> View:
        chosen: dict[str, Any] = {self.field: names}
        return replace(view, **chosen)


@dataclass(frozen=True, slots=True)
class PanesPart:
    """The panes."""

    name: str = "panes"

    @property
    def about(self) -> Mapping[str, str]:
        return pane_order.PANES

    def shown(self, view: View) -> list[str]:
        return pane_order.shown(view)

    def order(self, view: View) -> list[str]:
        return pane_order.order(view)

    def turned(self, view: View, name: str) -> View:
        return pane_order.turned(view, name)

    def carried(self, view: View, name: str, by: int) -> View:
        return pane_order.carried(view, name, by)

    def usual(self, view: View) -> View:
        return pane_order.usual(view)
