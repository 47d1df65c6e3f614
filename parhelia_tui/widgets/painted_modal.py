"""A dialog in front of a screen that is seen through its background."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen, ScreenResultType
from textual.strip import Strip

from parhelia_tui.widgets.bare_lines import as_shown
from parhelia_tui.widgets.painted_screen import PaintedScreen


class PaintedModal(PaintedScreen[ScreenResultType], ModalScreen[ScreenResultType]):
    """Textual's modal screen, which draws of the screen below it the lines that are asked for.

    Textual draws all of that screen at once, by Rich, whenever one of its lines has changed: a dialog over a large
    fleet held the loop for 25 ms each time (docs/decisions/0006).
    """

    # Textual takes the looks of the first base alone, so those of its modal screen stand here.
    DEFAULT_CSS = """
    PaintedModal {
        layout: vertical; overflow-y: auto; background: $background 60%;
        &:ansi { background: transparent; }
    }
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw lines of the screen below in the colours of this one's background."""
        below, ground = self._below(), self.styles.background
        if below is None or ground.a == 1:
            return super().render_lines(crop)
        base = self.visual_style.rich_style
        lines = below._compositor.whole_lines(crop.y, crop.bottom)
        return as_shown(self, [_dimmed(strip, ground, base) for strip in lines], crop)

    def _below(self) -> PaintedScreen[object] | None:
        """The screen below, where it is laid out for the same terminal and can draw single lines."""
        stack = self.app.screen_stack
        place = stack.index(self) if self in stack else 0
        below = stack[place - 1] if place else None
        if isinstance(below, PaintedScreen) and below._compositor.size == self.size:
            return below
        return None


def _dimmed(strip: Strip, ground: Color, base: Style) -> Strip:
    dim = _dimmed_style
    return Strip([Segment(text, dim(style, ground, base)) for text, style, _ in strip], strip.cell_length)


@lru_cache(maxsize=4096)
def _dimmed_style(style: Style | None, ground: Color, base: Style) -> Style:
    """What Textual makes of a style below a dialog; a screen has some dozens of them."""
    (made,) = BackgroundScreen.process_segments([Segment("", style)], ground)
    return base + (made.style or Style.null())
