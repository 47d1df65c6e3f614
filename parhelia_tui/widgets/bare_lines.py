"""Lines that go from a widget to the screen as they were drawn, where nothing stands around them."""

from __future__ import annotations

from rich.style import Style
from textual.geometry import NULL_SPACING, Region
from textual.strip import Strip
from textual.widget import Widget


class BareLines(Widget):
    """A widget that draws line by line, and lets a strip that it gives twice be worked out once.

    Textual takes each line apart to put a frame, padding and tints around it, and so makes new strips of strips that
    know already what the terminal is sent for them. Where there is nothing to put around, they are taken as they are.
    """

    _ground: Style | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines of a region; the style below them is looked up once and not for each."""
        self._ground = self.rich_style
        styles = self.styles
        if styles.gutter != NULL_SPACING or self.opacity != 1 or styles.text_opacity != 1 or styles.tint.a:
            return super().render_lines(crop)
        return as_shown(self, [self.render_line(y) for y in crop.line_range], crop)


def as_shown(widget: Widget, strips: list[Strip], crop: Region) -> list[Strip]:
    """Give whole lines of a widget as they are shown: by its filters of colours, and no wider than a region."""
    ground = widget.background_colors[1]
    for each in widget.get_line_filters():
        strips = [strip.apply_filter(each, ground) for strip in strips]
    if (crop.x, crop.width) != (0, widget.outer_size.width):
        strips = [strip.crop(crop.x, crop.right) for strip in strips]
    return strips
