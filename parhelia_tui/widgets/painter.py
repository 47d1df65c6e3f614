"""What a screen paints anew of itself: the lines that changed, and of each only the widgets that stand there."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, Compositor
from textual._context import visible_screen_stack
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

NEAR = 6
"""Lines between two that changed which are asked for along with them: they are known, and a call costs more."""
PIECE_S = 0.005
"""Seconds of drawing after which a paint leaves the rest to the next one, so that a key may come between. What is drawn
takes half as long again until it is on its way to the terminal."""
BAND = 6
"""Lines that are drawn between two looks at the clock."""


class Painter(Compositor):
    """Textual's compositor, which draws less for the same paint.

    Textual's own draws every line of every widget between the first and the last line that changed, whatever lies in
    front, and throws away what it does not need: of three lines in a large screen that is most of it
    (docs/decisions/0006). It is Textual's own part, not one that it promises; `tests/dashboard/test_painter.py` holds
    both against each other.

    Args:
        clock: gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__()
        self._clock = clock

    @property
    def has_more(self) -> bool:
        """Whether something has changed that is not drawn yet."""
        return bool(self._dirty_regions)

    def render_update(
        self, full: bool = False, screen_stack: list[Screen[object]] | None = None, simplify: bool = False
    ) -> RenderableType | None:
        """Draw what has changed, a part of it where it is much; all of the screen in one where `full` asks for it."""
        if full:
            return super().render_update(full, screen_stack, simplify)
        visible_screen_stack.set(screen_stack or [])
        return self.render_partial_update()

    def render_partial_update(self) -> ChopsUpdate | None:
        """Draw what has changed, from above; None where nothing has. What takes too long is left (`has_more`)."""
        spans = self._changed_spans()
        if not spans:
            return None
        until, drawn = self._clock() + PIECE_S, 0
        chops: dict[int, dict[int, Strip | None]] = {}
        while drawn < len(spans) and (drawn == 0 or self._clock() < until):
            band = spans[drawn : drawn + BAND]
            for y, _, _ in band:
                chops.setdefault(y, dict.fromkeys(self.cuts[y][:-1]))
            self._fill(chops, self._needed(band))
            drawn += len(band)
        self._dirty_regions.update(Region(first, y, last - first, 1) for y, first, last in spans[drawn:])
        spans = spans[:drawn]
        lines: list[dict[int, Strip | None]] = [chops.get(y, {}) for y in range(spans[-1][0] + 1)]
        return ChopsUpdate(lines, spans, [cuts[1:] for cuts in self.cuts[: len(lines)]])

    def whole_lines(self, first: int, end: int) -> list[Strip]:
        """Draw lines over their whole width, as they are seen through a screen in front of this one.

        Args:
            first: the uppermost line.
            end: the line behind the last one.
        """
        needed = {y: set(self.cuts[y][:-1]) for y in range(first, end)}
        chops = {y: dict[int, Strip | None].fromkeys(self.cuts[y][:-1]) for y in needed}
        self._fill(chops, needed)
        return [Strip.join(chop.values()) for chop in chops.values()]

    def _changed_spans(self) -> list[tuple[int, int, int]]:
        """Lines that changed, in order, each with its first column and that behind its last."""
        screen = self.size.region
        regions = [each for each in map(screen.intersection, self._dirty_regions) if each]
        self._dirty_regions.clear()
        return list(self._regions_to_spans(regions))

    def _needed(self, spans: Sequence[tuple[int, int, int]]) -> dict[int, set[int]]:
        """The pieces of each line that are painted, by their first column."""
        needed: dict[int, set[int]] = {}
        for y, first, last in spans:
            cuts = self.cuts[y]
            needed.setdefault(y, set()).update(
                cut for cut, end in pairwise(cuts) if cut < last and end > first
            )
        return needed

    def _fill(self, chops: dict[int, dict[int, Strip | None]], needed: dict[int, set[int]]) -> None:
        """Draw the pieces, each by the widget that is in front there."""
        open_lines = sorted(needed)
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            if not seen:
                continue
            first, last = seen.column_span
            rows = open_lines[bisect_left(open_lines, seen.y) : bisect_left(open_lines, seen.bottom)]
            rows = [y for y in rows if any(first <= cut < last for cut in needed[y])]
            for group in _groups(rows):
                top = group[0]
                crop = Region(seen.x - region.x, top - region.y, seen.width, group[-1] - top + 1)
                strips = widget.render_lines(crop)
                for y in group:
                    self._put(chops[y], needed[y], self._pieces(strips[y - top], y, first, last))
            if rows:
                open_lines = [y for y in open_lines if needed[y]]
                if not open_lines:
                    return

    def _pieces(self, strip: Strip, y: int, first: int, last: int) -> list[tuple[int, Strip]]:
        """Cut the strip of a widget where other widgets begin or end."""
        cuts = [cut for cut in self.cuts[y] if first <= cut <= last]
        if len(cuts) == 2 and strip.cell_length == last - first:
            return [(first, strip)]
        return list(zip(cuts, strip.divide([cut - first for cut in cuts[1:]]), strict=False))

    @staticmethod
    def _put(line: dict[int, Strip | None], needed: set[int], pieces: list[tuple[int, Strip]]) -> None:
        for cut, strip in pieces:
            if cut in needed:
                line[cut] = strip
                needed.discard(cut)


def _groups(rows: Sequence[int]) -> list[list[int]]:
    """Put lines together that are near each other."""
    groups: list[list[int]] = []
    for y in rows:
        if groups and y - groups[-1][-1] <= NEAR:
            groups[-1].append(y)
        else:
            groups.append([y])
    return groups
