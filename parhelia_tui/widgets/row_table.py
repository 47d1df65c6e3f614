"""A table that draws only the rows that are seen, so that it may hold very many."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from parhelia_tui.widgets.drawn_lines import DrawnLines, Texts
from parhelia_tui.widgets.strips import segments_of, strip_of

GAP = 2
MARK = "■"
UP, DOWN = "▲", "▼"
LEAST_FLEXIBLE = 24
"""Cells that the flexible column keeps while others can go."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Args:
        width: in cells; the widest for the flexible one.
        flexible: takes what is left.
        rank: columns of a higher rank go first where there is no room.
        right: set to the right.
    """

    label: str
    width: int
    flexible: bool = False
    rank: int = 0
    right: bool = False


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column that there is room for: its place among all, and its width in cells."""

    place: int
    column: Column
    size: int


class RowTable(DrawnLines, can_focus=True):
    """Rows by key. Whoever owns it says which keys there are and what stands in a row when it is drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "row up", show=False),
        Binding("down,j", "move(1)", "row down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "jump(0)", "first row", show=False),
        Binding("end,G", "jump(-1)", "last row", show=False),
        Binding("enter", "open", "open the row", show=False),
    ]
    DEFAULT_CSS = """
    RowTable { height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }
    """

    class Highlighted(Message):
        """The cursor stands on another row."""

        def __init__(self, table: RowTable, key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Opened(Message):
        """A row was opened by Enter or a second click."""

        def __init__(self, table: RowTable, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class HeadingClicked(Message):
        """The heading of a column was clicked; the number is its place among all columns."""

        def __init__(self, table: RowTable, number: int) -> None:
            super().__init__()
            self.table = table
            self.number = number

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[str], Sequence[Text]],
        id: str | None = None,
        origin: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(id=id)
        self._columns = columns
        self._shown: tuple[int, list[_Shown]] | None = None
        self._cells = cells
        self._origin = origin
        self._empty = ""
        self._keys: list[str] = []
        self._cursor = 0
        self._sorted_by: tuple[Column, bool] | None = None
        self._marked: Collection[str] = ()
        self._some_marked = False
        self._is_filled = self._opens_first = False

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._keys[self._cursor] if self._keys else None

    def set_keys(self, keys: list[str], empty: str = "") -> None:
        """Show these rows in this order; the cursor stays on its row, or near where it was.

        Args:
            keys: not changed by the caller afterwards.
            empty: what is said where there is no row.
        """
        before, row, seen = self.key, self._cursor, self._in_sight()
        self._keys, self._empty = keys, empty
        # Most often it stands where it stood, and a search through a hundred thousand takes a while.
        if before is not None and keys[row : row + 1] != [before]:
            with suppress(ValueError):
                self._cursor = keys.index(before)
        self._cursor = max(0, min(self._cursor, len(keys) - 1))
        self._fit(self.size)
        if seen:
            # The rows in sight stay where they are while others come and go above them. Who has scrolled
            # away from the cursor is left alone.
            if self.scroll_offset.y > 0:
                self.scroll_to(
                    y=self.scroll_offset.y + self._cursor - row, animate=False, immediate=True, force=True
                )
            self._show_cursor()
        if self.key != before:
            self.post_message(self.Highlighted(self, self.key))
        self.refresh_changed()
        self._is_filled = True
        if self._opens_first:
            self._opens_first = False
            self.action_open()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; whoever gives the cells gives them for these from now on."""
        self._columns, self._sorted_by, self._shown = columns, None, None
        self.forget()
        self.refresh()

    def show_order(self, number: int | None, *, down: bool = False) -> None:
        """Say in the headings by which column the rows are sorted, and whether the largest comes first."""
        self._sorted_by = None if number is None else (self._columns[number], down)
        self.refresh()

    def show_marks(self, marked: Collection[str]) -> None:
        """Put a sign before the rows with these keys."""
        self._marked, before, self._some_marked = marked, self._some_marked, bool(marked)
        if marked or before:
            self.refresh_changed()

    def select(self, key: str) -> None:
        """Put the cursor on a row, if it is there."""
        if key in self._keys:
            self._go(self._keys.index(key))

    def made_of(self, y: int) -> object:
        """The heading's order; a row's key and origin, and whether the cursor or a mark is on it."""
        index = self.top + y - 1
        if y == 0:
            return bool(self._keys), self._sorted_by, self.across
        if index >= len(self._keys):
            return self._empty if not self._keys else ""
        key = self._keys[index]
        origin = self._origin(key) if self._origin else object()
        return key, origin, key in self._marked, index == self._cursor, self.focused, self.across

    def name_of(self, y: int) -> str | None:
        """A row's key."""
        index = self.top + y - 1
        return self._keys[index] if y > 0 and index < len(self._keys) else None

    def texts_of(self, y: int) -> Texts:
        """The cells of the columns that there is room for."""
        index = self.top + y - 1
        shown = self._shown_at(self.across)
        if y == 0:
            return [self._heading(each.column) for each in shown]
        if index >= len(self._keys):
            said = "" if self._keys else "".join(self._empty.split("\n")[y - 1 : y])
            return [Text(f"  {said}")]
        cells = self._cells(self._keys[index])
        return [cells[each.place] for each in shown]

    def draw_line(self, y: int, texts: Texts, ground: Style) -> Strip:
        """Draw the headings or a row."""
        width = self.across
        index = self.top + y - 1
        if y > 0 and index >= len(self._keys):
            return strip_of(texts[0], width, ground + self._dim, self.app.console)
        shown = self._shown_at(width)
        if y == 0:
            return self._strip(texts, shown, width, ground + self._dim)
        if index == self._cursor:
            ground += Style(bgcolor=self._cursor_colour(), bold=self.focused)
        return self._strip(texts, shown, width, ground, MARK if self._keys[index] in self._marked else " ")

    def _heading(self, column: Column) -> Text:
        if not self._keys:
            return Text()
        if self._sorted_by is None or self._sorted_by[0] is not column:
            return Text(column.label)
        sign = DOWN if self._sorted_by[1] else UP
        # Set to the right, a heading with its sign may be wider than its column.
        return Text(f"{column.label[: column.width - 1]}{sign}", Style(bold=True))

    @property
    def _dim(self) -> Style:
        return Style(color=self.app.theme_variables.get("secondary"))

    def _cursor_colour(self) -> str:
        return self.app.theme_variables.get("primary-muted" if self.has_focus else "panel", "#1b222c")

    def _shown_at(self, width: int) -> list[_Shown]:
        """The columns that there is room for; found once for a width, as each line asks twice."""
        if self._shown is None or self._shown[0] != width:
            self._shown = width, self._fitting(width)
        return self._shown[1]

    def _fitting(self, width: int) -> list[_Shown]:
        columns = list(enumerate(self._columns))
        while True:
            fixed = sum(each.width for _, each in columns if not each.flexible) + GAP * (len(columns) - 1) + 2
            left = width - fixed
            if left >= LEAST_FLEXIBLE or not any(each.rank for _, each in columns):
                break
            columns.remove(max(columns, key=lambda placed: placed[1].rank))
        return [_Shown(place, each, max(8, left) if each.flexible else each.width) for place, each in columns]

    def _strip(
        self,
        cells: Sequence[Text],
        shown: Sequence[_Shown],
        width: int,
        style: Style,
        sign: str = " ",
    ) -> Strip:
        segments: list[Segment] = []
        for text, each in zip(cells, shown, strict=True):
            segments.append(Segment(" " * GAP if segments else sign, style))
            segments += self._cell(text, each.size, each.column, style)
        return Strip(_joined(segments)).adjust_cell_length(width, style)

    def _cell(self, text: Text, size: int, column: Column, style: Style) -> list[Segment]:
        left = size - text.cell_len
        if left >= 0 and not text.spans:
            # Most cells: there is nothing to cut and one style, and Rich's own way costs four times as much.
            fill, words = " " * left, text.plain
            ink = style + self.app.console.get_style(text.style) if text.style else style
            return [Segment(fill + words if column.right else words + fill, ink)]
        cell = text.copy()
        cell.truncate(size, overflow="ellipsis")
        if column.right:
            cell.align("right", size)
        else:
            cell.pad_right(max(0, size - cell.cell_len))
        return segments_of(cell, style, self.app.console)

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self._go(self._cursor + by * max(1, self.size.height - 2))

    def action_jump(self, to: int) -> None:
        """Go to the first (0) or last (-1) row."""
        self._go(0 if to == 0 else len(self._keys) - 1)

    def action_open(self) -> None:
        """Open the row under the cursor; the first one as soon as it is there, while rows are still being read."""
        if self.key is not None:
            self.post_message(self.Opened(self, self.key))
        elif not self._is_filled:
            self._opens_first = True

    def _go(self, to: int) -> None:
        if not self._keys:
            return
        before = self._cursor
        self._cursor = max(0, min(to, len(self._keys) - 1))
        if self._cursor != before:
            self.post_message(self.Highlighted(self, self.key))
        self._show_cursor()
        self.refresh_changed()

    def _in_sight(self) -> bool:
        # The headings take the first line, so a row's own line is one further down.
        return self.scroll_offset.y <= self._cursor < self.scroll_offset.y + max(1, self.size.height - 1)

    def _show_cursor(self) -> None:
        height, top = max(1, self.size.height - 1), self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True, force=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, immediate=True, force=True)

    def _fit(self, size: Size) -> None:
        self.virtual_size = Size(size.width, len(self._keys) + 1)

    def on_click(self, event: events.Click) -> None:
        """Choose a row; a second click opens it. A heading asks for another order."""
        if event.y == 0 and self._keys:
            self._click_heading(event.x)
        index = self.scroll_offset.y + event.y - 1
        if event.y > 0 and index < len(self._keys):
            again = index == self._cursor and event.chain == 2
            self._go(index)
            if again:
                self.action_open()

    def _click_heading(self, x: int) -> None:
        begin = 1
        for each in self._shown_at(self.scrollable_content_region.width):
            if begin <= x < begin + each.size + GAP:
                self.post_message(self.HeadingClicked(self, each.place))
                return
            begin += each.size + GAP

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in sight."""
        self._fit(event.size)
        self._show_cursor()

    def on_focus(self) -> None:
        """Show that the keys go here."""
        self.refresh(Region(0, 0, *self.size))


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Make one of those beside each other that look the same: the terminal is told of each by itself."""
    joined: list[Segment] = []
    for each in segments:
        if joined and joined[-1].style is each.style:
            joined[-1] = Segment(joined[-1].text + each.text, each.style)
        else:
            joined.append(each)
    return joined
