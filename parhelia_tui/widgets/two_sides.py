"""Panes in two columns and one across below, or at the right of both where the screen is wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from parhelia_tui.widgets.pane import Pane

WIDE = 190
"""Columns from which the pane below stands at the right."""
RIGHT_WIDTH = 40
"""Columns that the right side has at least."""
LEFT_FIRST = 80
"""Columns that the left side has before both share what is left: its tables are wider than lines of the right one."""
LEAST_HEIGHT = 3
"""Lines that a pane keeps: its frame and one of its own."""


def places(
    size: Size, left: Sequence[str], right: Sequence[str], below: str, heights: Mapping[str, int]
) -> dict[str, Region]:
    """Say where each pane stands.

    Args:
        size: of all of it, in cells.
        left, right: names in their order; a side without a pane leaves its room to the other.
        below: the one across; empty where there is none.
        heights: fixed heights in lines; a negative one is a share of what is left.
    """
    found: dict[str, Region] = {}
    upper = Region(0, 0, *size)
    if below and (left or right):
        if size.width >= WIDE:
            upper, rest = upper.split_vertical(size.width * 58 // 100)
        else:
            upper, rest = upper.split_horizontal(size.height * 3 // 5)
        found[below] = rest
    elif below:
        found[below] = upper
    if left and right:
        shared = max(0, upper.width - LEFT_FIRST - RIGHT_WIDTH)
        at_left, at_right = upper.split_vertical(max(0, upper.width - RIGHT_WIDTH - shared // 2))
    else:
        at_left = at_right = upper
    for names, room in ((left, at_left), (right, at_right)):
        top = room.y
        for name, height in zip(names, _heights(names, room.height, heights), strict=True):
            found[name] = Region(room.x, top, room.width, height)
            top += height
    return found


def _heights(names: Sequence[str], room: int, heights: Mapping[str, int]) -> list[int]:
    """Share the lines of a column out, all of them: the fixed ones first, then the others by their shares."""
    asked = [heights.get(name, -1) for name in names]
    fixed, whole = sum(each for each in asked if each > 0), -sum(each for each in asked if each < 0)
    left = max(0, room - fixed)
    found = [each if each > 0 else max(LEAST_HEIGHT, left * -each // whole) for each in asked]
    while found and sum(found) != room:
        # What does not come out even goes to the last one with a share, or comes from the tallest.
        if sum(found) < room:
            shared = [number for number, each in enumerate(asked) if each < 0] or [len(found) - 1]
            found[shared[-1]] += room - sum(found)
        else:
            found[found.index(max(found))] -= 1
    return found


class TwoSides(Widget):
    """Holds panes and says where each stands.

    Args:
        panes: by name, all of them; those that are not displayed take no room.
        heights: as for `places`.
    """

    DEFAULT_CSS = """
    TwoSides { height: 1fr; }
    """

    def __init__(self, panes: Mapping[str, Pane], heights: Mapping[str, int], id: str | None = None) -> None:
        super().__init__(id=id)
        self.panes = panes
        self._placing = _Placing(self, heights)
        self._sides: tuple[Sequence[str], Sequence[str], str] = (), (), ""

    def compose(self) -> ComposeResult:
        """Every pane, in one order for good: where they stand is another matter."""
        yield from self.panes.values()

    def place(self, left: Sequence[str], right: Sequence[str], below: str) -> None:
        """Show these panes here, and no others."""
        self._sides = left, right, below
        wanted = {*left, *right, below}
        for name, pane in self.panes.items():
            pane.display = name in wanted
        self._clear_arrangement_cache()
        self.refresh(layout=True)

    @property
    def layout(self) -> Layout:
        """Where the panes stand."""
        return self._placing

    def regions(self, size: Size, heights: Mapping[str, int]) -> dict[Widget, Region]:
        """Say where each pane that is shown stands."""
        left, right, below = self._sides
        found = places(size, left, right, below, heights)
        return {self.panes[name]: region for name, region in found.items()}


class _Placing(Layout):
    """The layout of `TwoSides`."""

    name = "two-sides"

    def __init__(self, sides: TwoSides, heights: Mapping[str, int]) -> None:
        self._sides = sides
        self._heights = heights

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        regions = self._sides.regions(size, self._heights)
        return [
            WidgetPlacement(regions[child], NULL_OFFSET, Spacing(), child)
            for child in children
            if child in regions
        ]
