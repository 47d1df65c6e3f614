"""The keys of the home screen, made from its own bindings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.painted_modal import PaintedModal
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import RowTable

_NAMES = {
    "slash": "/", "colon": ":", "minus": "-", "left_curly_bracket": "{",
    "right_curly_bracket": "}", "space": "Space",
    "left_square_bracket": "[", "right_square_bracket": "]", "dollar_sign": "$",
    "question_mark": "?", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End",
    "up": "↑", "down": "↓", "tab": "Tab", "shift+tab": "Shift+Tab", "escape": "Esc", "enter": "Enter",
}  # fmt: skip
KEYS_WIDTH = 13
INDENT = 4
LEAST_WORDS = 8
"""Cells that words get where the screen is too narrow for them and what stands before them."""
Line = tuple[Text, Text]
"""What stands before the words, and the words, which are folded behind it."""


class HelpScreen(PaintedModal[None]):
    """Lists keys with what they do, and says why one does nothing now.

    Args:
        bindings: the keys of the screen below.
        why_not: gives the reason why an action can do nothing now, empty where it can.
        custom: commands of the user's own.
        faults: what is wrong with the definitions of others.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "close")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Pane { width: 76; max-width: 98%; height: 64; max-height: 96%; padding: 0 1; background: $panel; }
    """

    def __init__(
        self,
        bindings: Sequence[Binding],
        why_not: Callable[[str], str],
        custom: Sequence[Binding] = (),
        faults: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._custom, self._faults = custom, faults
        self._keys = bindings
        self._why_not = why_not
        self.view = LineView(id="keys")

    def compose(self) -> ComposeResult:
        """One line for each key."""
        pane = Pane("Keys", self.view, "help")
        pane.border_subtitle = "Esc closes"
        yield pane

    def on_mount(self) -> None:
        """Show what is shown at any width."""
        self.view.show_lines([Text.assemble(*line) for line in self.lines()])

    def on_resize(self, event: events.Resize) -> None:
        """Another width folds lines elsewhere."""
        self.call_after_refresh(self._fold)

    def _fold(self) -> None:
        # Folded as if there were a scrollbar, which would have come and gone with the number of lines.
        width = self.view.outer_size.width - self.view.styles.scrollbar_size_vertical
        self.view.show_lines([piece for line in self.lines() for piece in self._folded(line, width)])

    def _folded(self, line: Line, width: int) -> list[Text]:
        before, words = line
        pieces = words.wrap(self.app.console, max(LEAST_WORDS, width - before.cell_len)) or [Text()]
        gap = Text(" " * before.cell_len)
        return [Text.assemble(gap if number else before, piece) for number, piece in enumerate(pieces)]

    def lines(self) -> list[Line]:
        """What is shown, before it is folded."""
        lines = [line for each in together(self._keys) for line in self._about(each)]
        lines += [_pair("Ctrl+P", "the same by name, and the colours"), _EMPTY]
        lines += [*self._own(), _heading("In a table")]
        tables = [each for each in RowTable.BINDINGS if isinstance(each, Binding)]
        lines += [line for each in tables for line in self._about(each)]
        lines += [
            _EMPTY,
            _heading("Mouse"),
            _pair("click", "choose a row, a pane, a key of the last line"),
            _pair("double click", "open the row"),
            _EMPTY,
            _heading("Attached to a terminal"),
            _pair("Ctrl+Q", "leave it; the work goes on"),
        ]
        return lines

    def _own(self) -> list[Line]:
        if not self._custom and not self._faults:
            return []
        lines = [_heading("Commands of your own")]
        for each in self._custom:
            lines += self._about(replace(each, key=each.key_display or each.key))
        lines += [(Text("✗ "), Text(fault)) for fault in self._faults]
        return [*lines, _EMPTY]

    def _about(self, binding: Binding) -> list[Line]:
        keys = " ".join(_NAMES.get(key, key) for key in binding.key.split(","))
        reason = self._why_not(binding.action)
        before, words = _pair(keys, binding.tooltip or binding.description)
        if not reason:
            return [(before, words)]
        before.stylize("dim not bold")
        words.stylize("dim")
        return [(before, words), (Text(" " * INDENT), Text(f"not now: {reason}", "dim"))]


def together(bindings: Sequence[Binding]) -> list[Binding]:
    """Make one of the bindings that follow each other and do the same, as the digits do."""
    found: list[Binding] = []
    for each in bindings:
        if found and each.tooltip and each.tooltip == found[-1].tooltip:
            first = found[-1].key.partition("…")[0]
            found[-1] = replace(found[-1], key=f"{first}…{each.key}")
        else:
            found.append(each)
    return found


_EMPTY: Line = Text(), Text()


def _heading(words: str) -> Line:
    return Text(), Text(words, "bold")


def _pair(keys: str, about: str) -> Line:
    return Text(f"{keys:<{KEYS_WIDTH - 1}} ", "bold"), Text(about)
