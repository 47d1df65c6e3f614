"""Lines that are drawn again only where they look different from before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from parhelia_tui.widgets.bare_lines import BareLines
from parhelia_tui.widgets.steady_scrollbar import SteadyScrollBar

Texts = Sequence[Text]
KEPT = 400
"""Lines that are kept as they were drawn; a screen has up to a hundred."""


@dataclass(slots=True)
class _Kept:
    """A line as it was drawn, of what, in which colours, and in which round of time."""

    made_of: object
    dress: object
    round: int
    texts: Texts
    strip: Strip


class DrawnLines(ScrollView, BareLines):
    """A view that knows what stands in each of its lines on the screen, and what it was made of.

    By itself it is empty: whoever inherits it says what its lines are made of.

    A line costs 0.2 ms from its record to the terminal, and of hundreds of records that change in a second few are
    in sight.

    Attributes:
        top, across, focused: how far it is scrolled, its width in cells, whether keys go here; what lines are made
            of may be read from these.
        virtual_size: its width and how many lines there are. Textual lays out the whole screen for each change of it;
            here it has a place of its own that does not depend on that.
    """

    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: dict[int, tuple[object, Texts]] = {}
        self._kept: dict[str, _Kept] = {}
        self._aged: dict[int, tuple[int, object, Texts]] = {}
        self._round = 0
        # Looked up once for all lines: Textual asks the whole way up to the screen for each of them.
        self.top, self.across, self.focused = 0, 0, False

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The scrollbar, made when it is asked for first."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = made = SteadyScrollBar(self.scrollbar_size_vertical)
            made.display = False
            self.app._start_widget(self, made)
        return self._vertical_scrollbar

    def made_of(self, y: int) -> object:
        """Give what the line at `y` is made of: equal as long as it looks the same at the same time of day."""
        return None

    def name_of(self, y: int) -> str | None:
        """Give the name of what the line at `y` is about, under which it is kept while it moves; None keeps none."""
        return None

    def texts_of(self, y: int) -> Texts:
        """Give what stands in the line at `y`."""
        return ()

    def draw_line(self, y: int, texts: Texts, ground: Style) -> Strip:
        """Draw the line at `y` over the style of this view."""
        return Strip.blank(self.across, ground)

    def refresh_changed(self) -> None:
        """Draw the lines again that are made of something else now."""
        self._refresh_where(lambda y, made_of, texts: made_of != self.made_of(y))

    def refresh_aged(self) -> None:
        """Draw the lines again in which something else stands now: time has passed."""
        self._round += 1
        self._aged.clear()
        self._refresh_where(self._has_aged)

    def _has_aged(self, y: int, made_of: object, texts: Texts) -> bool:
        fresh = self.texts_of(y)
        if _looks(texts) == _looks(fresh):
            return False
        # It is drawn in a moment: to make the texts is a third of that.
        self._aged[y] = self._round, self.made_of(y), fresh
        return True

    def _texts_now(self, y: int, made_of: object) -> Texts:
        """What stands in the line at `y` now, made anew unless it was made for this very round of time."""
        aged = self._aged.pop(y, None)
        return aged[2] if aged is not None and aged[:2] == (self._round, made_of) else self.texts_of(y)

    def forget(self) -> None:
        """Keep no line as it was drawn: something that they are not made of has changed."""
        self._kept.clear()
        self._aged.clear()

    def _refresh_where(self, differs: Callable[[int, object, Texts], bool]) -> None:
        self._look_up()
        width, height = self.across, self.size.height
        lines = [y for y in range(height) if y not in self._drawn or differs(y, *self._drawn[y])]
        if lines:
            self.refresh(*(Region(0, y, width, 1) for y in lines))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines of a region; what is the same for all of them is looked up once."""
        self._look_up()
        return super().render_lines(crop)

    def watch_virtual_size(self, size: Size) -> None:
        """There are more lines, or fewer, which who has them draws: here it is the scrollbar's turn."""
        # Whether there is one decides over the layout, and asks for it by itself.
        self._refresh_scrollbars()
        if self.show_vertical_scrollbar:
            # Not by Textual's `_scroll_update`, which draws the whole bar again.
            self.vertical_scrollbar.window_virtual_size = size.height
            self.vertical_scrollbar.window_size = self.container_size.height - self.scrollbar_size_horizontal
        self.scroll_y = self.validate_scroll_y(self.scroll_y)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the rows that are in sight now; whether the scrollbar looks different it knows itself."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self.refresh(Region(0, 0, self.scrollable_content_region.width, self.size.height))

    def _look_up(self) -> None:
        self.top, self.across, self.focused = (
            self.scroll_offset.y,
            self.scrollable_content_region.width,
            self.has_focus,
        )

    def render_line(self, y: int) -> Strip:
        """Draw a line, and remember what stands in it."""
        made_of, name, ground = self.made_of(y), self.name_of(y), self._ground or self.rich_style
        dress = ground, self.app.theme
        kept = self._kept.get(name) if name is not None else None
        if kept is not None and (kept.made_of != made_of or kept.dress != dress):
            kept = None
        if kept is not None and kept.round == self._round:
            texts, strip = kept.texts, kept.strip
        else:
            texts = self._texts_now(y, made_of)
            if kept is not None and _looks(kept.texts) == _looks(texts):
                # Time has passed, and nothing in this line tells of it.
                strip = kept.strip
            else:
                strip = self.draw_line(y, texts, ground)
            if name is not None:
                if len(self._kept) >= KEPT:
                    self._kept.clear()
                self._kept[name] = _Kept(made_of, dress, self._round, texts, strip)
        self._drawn[y] = made_of, texts
        return strip


def _looks(texts: Texts) -> list[object]:
    # Texts are the same to Rich whose own style differs.
    return [(each, each.style) for each in texts]
