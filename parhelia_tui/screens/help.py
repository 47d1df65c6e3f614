"""The keys of the home screen, made from its own bindings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from parhelia_tui.widgets.line_view import LineView
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


class HelpScreen(ModalScreen[None]):
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

    def compose(self) -> ComposeResult:
        """One line for each key."""
        view = LineView(id="keys")
        view.show_lines(self.lines())
        pane = Pane("Keys", view, "help")
        pane.border_subtitle = "Esc closes"
        yield pane

    def lines(self) -> list[Text]:
        """What is shown."""
        lines = [line for each in together(self._keys) for line in self._about(each)]
        lines += [_pair("Ctrl+P", "the same by name, and the colours"), Text()]
        lines += [*self._own(), Text("In a table", "bold")]
        tables = [each for each in RowTable.BINDINGS if isinstance(each, Binding)]
        lines += [line for each in tables for line in self._about(each)]
        lines += [
            Text(),
            Text("Mouse", "bold"),
            _pair("click", "choose a row, a pane, a key of the last line"),
            _pair("double click", "open the row"),
            Text(),
            Text("Attached to a terminal", "bold"),
            _pair("Ctrl+Q", "leave it; the work goes on"),
        ]
        return lines

    def _own(self) -> list[Text]:
        if not self._custom and not self._faults:
            return []
        lines = [Text("Commands of your own", "bold")]
        for each in self._custom:
            lines += self._about(replace(each, key=each.key_display or each.key))
        lines += [Text(f"✗ {fault}") for fault in self._faults]
        return [*lines, Text()]

    def _about(self, binding: Binding) -> list[Text]:
        keys = " ".join(_NAMES.get(key, key) for key in binding.key.split(","))
        reason = self._why_not(binding.action)
        line = _pair(keys, binding.tooltip or binding.description)
        if not reason:
            return [line]
        line.stylize("dim not bold")
        # A line of its own: at 80 columns it would be cut behind the other.
        return [line, Text(f"{'':<{INDENT}}not now: {reason}", "dim")]


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


def _pair(keys: str, about: str) -> Text:
    return Text(f"{keys:<{KEYS_WIDTH - 1}} ", "bold").append(about, "not bold")
