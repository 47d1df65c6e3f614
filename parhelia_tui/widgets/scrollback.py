"""The lines that a terminal has shown, to scroll, search and copy."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.strips import segments_of


class Scrollback(LineView):
    """Lines with a cursor and a mark: what lies between them is copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "line up"),
        Binding("down,j", "move(1)", "line down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down"),
        Binding("home,g", "jump(0)", "first line"),
        Binding("end,G", "jump(-1)", "last line"),
        Binding("n", "find(1)", "next place"),
        Binding("N", "find(-1)", "place before"),
        Binding("space,v", "mark", "mark", tooltip="begin what is copied here"),
        Binding("y,enter", "copy", "copy", tooltip="copy from the mark to here, or this line"),
    ]

    class Copied(Message):
        """Lines went to the clipboard."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    class Searched(Message):
        """Words were looked for; `found` says whether a line has them."""

        def __init__(self, words: str, *, found: bool) -> None:
            super().__init__()
            self.words, self.found = words, found

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._texts: list[str] = []
        self._plain: list[str] = []
        self._cursor = 0
        self._mark: int | None = None
        self._words = ""

    def put(self, lines: tuple[str, ...]) -> None:
        """Take lines with SGR colours and no other control sequence; the cursor goes to the last."""
        self._texts = list(lines)
        while self._texts and not self._texts[-1].strip():
            self._texts.pop()
        self._plain = []
        self._cursor, self._mark = max(0, len(self._texts) - 1), None
        self.show(len(self._texts), lambda index, width: Text())
        self.scroll_end(animate=False, immediate=True, force=True)

    def render_line(self, y: int) -> Strip:
        """Draw one line as the terminal did, cut where the pane ends."""
        width, index = self.scrollable_content_region.width, self.scroll_offset.y + y
        if index >= len(self._texts):
            return Strip.blank(width, self.rich_style)
        line = Text.from_ansi(self._texts[index])
        line.pad_right(max(0, width - line.cell_len))
        begin, end = sorted((self._cursor if self._mark is None else self._mark, self._cursor))
        if index == self._cursor or (self._mark is not None and begin <= index <= end):
            line.stylize(Style(reverse=True))
        elif self._words:
            line.highlight_words([self._words], Style(reverse=True, bold=True), case_sensitive=False)
        return Strip(segments_of(line, self.rich_style, self.app.console)).crop(0, width)

    def _lines(self) -> list[str]:
        if not self._plain:
            self._plain = [Text.from_ansi(each).plain.rstrip() for each in self._texts]
        return self._plain

    def search(self, words: str) -> None:
        """Look for words from here upwards, and from the end on where there are none above."""
        self._words = words
        if words:
            self.action_find(-1)
        self.refresh()

    def action_find(self, by: int) -> None:
        """Go to the next line that has the words."""
        if not self._words:
            return
        lines, count, wanted = self._lines(), len(self._texts), self._words.lower()
        # A search that was just typed may stand on its first place already; n goes on from there.
        steps = (self._cursor + by * step for step in range(1, count + 1))
        found = next((at % count for at in steps if wanted in lines[at % count].lower()), None)
        if found is not None:
            self._go(found)
        self.post_message(self.Searched(self._words, found=found is not None))

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self._go(self._cursor + by * max(1, self.size.height - 1))

    def action_jump(self, to: int) -> None:
        """Go to the first (0) or last (-1) line."""
        self._go(0 if to == 0 else len(self._texts) - 1)

    def _go(self, to: int) -> None:
        self._cursor = max(0, min(to, len(self._texts) - 1))
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True, force=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, immediate=True, force=True)
        self.refresh()

    def action_mark(self) -> None:
        """Begin what is copied here, or forget where it began."""
        self._mark = self._cursor if self._mark is None else None
        self.refresh()

    def action_copy(self) -> None:
        """Copy the lines from the mark to the cursor as plain text."""
        begin, end = sorted((self._cursor if self._mark is None else self._mark, self._cursor))
        chosen = self._lines()[begin : end + 1]
        self.app.copy_to_clipboard("\n".join(chosen))
        self._mark = None
        self.refresh()
        self.post_message(self.Copied(len(chosen)))
