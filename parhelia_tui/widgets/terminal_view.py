"""The live screen of a session, in colour, and where one types into it."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from parhelia_tui.widgets.bare_lines import BareLines
from parhelia_tui.widgets.strips import segments_of, strip_of

_MOVED, _WHEEL_UP, _WHEEL_DOWN = 32, 64, 65


class TerminalView(BareLines, can_focus=True):
    """Shows the lines of a terminal, the last ones where there is not room for all.

    While `typing` is set, every key, paste and movement of the mouse over it is a message to whoever owns it and
    nothing else; Ctrl+Q ends that.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "open", show=False)]
    DEFAULT_CSS = """
    TerminalView { height: 1fr; }
    """

    class Opened(Message):
        """Enter, or a double click."""

    class Typed(Message):
        """Keys for the terminal: letters, or the name of another key; a paste is many letters."""

        def __init__(self, text: str = "", key: str = "", *, pasted: bool = False) -> None:
            super().__init__()
            self.text, self.key, self.pasted = text, key, pasted

    class Pointed(Message):
        """The mouse did something over a cell of the terminal, and its program wants to know."""

        def __init__(self, button: int, column: int, row: int, *, pressed: bool) -> None:
            super().__init__()
            self.button, self.column, self.row, self.pressed = button, column, row, pressed

    class LookedBack(Message):
        """The wheel was turned up over a program that does not want to know: somebody looks for older lines."""

    class TypingChanged(Message):
        """Typing began or ended."""

    typing = reactive(False, init=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Text] = []
        self._drawn: dict[str, Text] = {}
        self._cursor: tuple[int, int] | None = None
        self._mouse = False

    def show(self, lines: tuple[str, ...], cursor: tuple[int, int] | None, *, mouse: bool = False) -> None:
        """Show the screen of a terminal.

        Args:
            lines: text with SGR colours and no other control sequence.
            cursor: column and line of the cursor, in cells from 0; None where it is hidden.
            mouse: the program wants to know what the mouse does.
        """
        self._mouse = mouse
        # Most lines of a frame are those of the one before; decoding is what costs.
        self._drawn = {line: self._drawn.get(line) or Text.from_ansi(line) for line in lines}
        self._put([self._drawn[line] for line in lines], cursor)

    def show_text(self, lines: list[Text]) -> None:
        """Show lines of our own: what a task that has ended printed, or a word in place of a screen."""
        self._drawn = {}
        self._mouse = False
        self._put(lines, None)

    def _put(self, lines: list[Text], cursor: tuple[int, int] | None) -> None:
        last = len(lines)
        while last > 0 and not lines[last - 1].plain.strip() and (cursor is None or last - 1 > cursor[1]):
            last -= 1
        before = self._in_sight()
        self._lines, self._cursor = lines[:last], cursor
        width = self.size.width
        changed = [
            Region(0, y, width, 1)
            for y, (old, new) in enumerate(zip(before, self._in_sight(), strict=True))
            if not _alike(old, new)
        ]
        if changed:
            self.refresh(*changed)

    def _in_sight(self) -> list[tuple[Text | None, int | None]]:
        """The lines that are seen, each with the column of the cursor where that is in it."""
        height = self.size.height
        top, there = self._top(height), len(self._lines)
        column, row = self._cursor or (None, -1)
        return [
            (self._lines[index] if index < there else None, column if index == row else None)
            for index in range(top, top + height)
        ]

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, height = self.size
        ground = self._ground or self.rich_style
        index = self._top(height) + y
        if index >= len(self._lines):
            return Strip.blank(width, ground)
        line = self._lines[index]
        if self._cursor is not None and self._cursor[1] == index:
            return self._with_cursor(line, self._cursor[0], width, ground)
        if line.cell_len <= width:
            return strip_of(line, width, ground, self.app.console)
        # A terminal is cut where the pane ends, without a sign that it never printed.
        return Strip(segments_of(line, ground, self.app.console)).crop(0, width)

    def _top(self, height: int) -> int:
        """The first line that is seen."""
        return max(0, len(self._lines) - height)

    def _with_cursor(self, line: Text, column: int, width: int, ground: Style) -> Strip:
        """Draw a line with the cell of the cursor reversed, which may be one half of a wide character."""
        line = line.copy()
        line.pad_right(max(0, column + 1 - line.cell_len))
        cells = 0
        for number, letter in enumerate(line.plain):
            cells += Text(letter).cell_len
            if cells > column:
                line.stylize(Style(reverse=True), number, number + 1)
                break
        strip = Strip(segments_of(line, ground, self.app.console))
        return strip.adjust_cell_length(max(width, line.cell_len), ground).crop(0, width)

    def action_open(self) -> None:
        """Say that somebody wants in."""
        self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """A double click wants in."""
        if event.chain == 2 and not self.typing:
            self.action_open()

    # Typing

    def watch_typing(self) -> None:
        """Tell whoever owns it."""
        self.set_class(self.typing, "-typing")
        self.post_message(self.TypingChanged())

    def on_blur(self) -> None:
        """Keys go elsewhere."""
        self.typing = False

    async def _on_key(self, event: events.Key) -> None:
        """Take every key while typing; else keys do what they are bound to."""
        if not self.typing:
            await super()._on_key(event)
            return
        event.prevent_default().stop()
        if event.is_printable and event.character:
            self.post_message(self.Typed(text=event.character))
        else:
            self.post_message(self.Typed(key=event.key))

    def on_paste(self, event: events.Paste) -> None:
        """A paste is for the terminal."""
        if self.typing:
            event.stop()
            self.post_message(self.Typed(text=event.text, pasted=True))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A button goes down."""
        self._point(event, event.button - 1, pressed=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """A button goes up."""
        self._point(event, event.button - 1, pressed=False)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The mouse moves with a button down."""
        if event.button:
            self._point(event, event.button - 1 + _MOVED, pressed=True)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel turns up."""
        if not self._point(event, _WHEEL_UP, pressed=True):
            event.stop()
            self.post_message(self.LookedBack())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel turns down."""
        self._point(event, _WHEEL_DOWN, pressed=True)

    def _point(self, event: events.MouseEvent, button: int, *, pressed: bool) -> bool:
        """Tell what the mouse did, where it is for the program; says whether it was."""
        if not (self.typing and self._mouse) or not button >= 0:
            return False
        row = self._top(self.size.height) + event.y
        event.stop()
        self.post_message(self.Pointed(button, event.x, row, pressed=pressed))
        return True


def _alike(one: tuple[Text | None, int | None], other: tuple[Text | None, int | None]) -> bool:
    """Whether two lines look the same; texts are the same to Rich whose own style differs."""
    (old, at), (new, there) = one, other
    if at != there or old is None or new is None:
        return at == there and old is new
    return old is new or (old == new and old.style == new.style)
