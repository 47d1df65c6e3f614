"""Which panes and columns are shown, and where: chosen here, seen at once, remembered for the next time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.core.settings.view_file import View
from parhelia_tui.screens.arrange_parts import Part
from parhelia_tui.widgets.painted_modal import PaintedModal
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import Column, RowTable

COLUMNS = (
    Column("", 3),
    Column("OF", 10),
    Column("NAME", 10),
    Column("WHAT IT SHOWS", 20, flexible=True),
)
KEYS = (
    Binding("space,enter", "turn", "show or hide it"),
    Binding("left_square_bracket,shift+up,K", "carry(-1)", "one place up"),
    Binding("right_square_bracket,shift+down,J", "carry(1)", "one place down"),
    Binding("u", "usual", "all as configured"),
    Binding("escape,q,v", "dismiss", "close"),
)


class ArrangeScreen(PaintedModal[None]):
    """A list of all that can be shown, with what is shown marked.

    Args:
        parts: what is arranged.
        view: how it is now.
        changed: told of each new view, and shows it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    DEFAULT_CSS = """
    ArrangeScreen { align: center middle; }
    ArrangeScreen > Pane { width: 76; max-width: 98%; height: 40; max-height: 92%; background: $panel; }
    """

    def __init__(self, parts: Sequence[Part], view: View, changed: Callable[[View], None]) -> None:
        super().__init__()
        self._parts = {part.name: part for part in parts}
        self._view = view
        self._changed = changed
        self.table = RowTable(COLUMNS, self._cells, id="arrange")

    def compose(self) -> ComposeResult:
        """The list."""
        pane = Pane("View", self.table, "arrange-pane")
        pane.border_subtitle = Text("Space shows or hides  [ ] move it  u as configured  Esc closes")
        yield pane

    def on_mount(self) -> None:
        """Show it."""
        self.table.focus()
        self._draw()

    def _draw(self) -> None:
        self.table.set_keys(
            [f"{part.name}/{name}" for part in self._parts.values() for name in part.order(self._view)]
        )

    def _cells(self, key: str) -> Sequence[Text]:
        part, name = self._named(key)
        calm = Style(color=self.app.theme_variables.get("secondary"))
        return (
            Text("[✓]" if name in part.shown(self._view) else "[ ]"),
            Text(part.name, calm),
            Text(name),
            Text(part.about[name], calm),
        )

    def _named(self, key: str) -> tuple[Part, str]:
        part, _, name = key.partition("/")
        return self._parts[part], name

    def _take(self, view: View) -> None:
        self._view = view
        self._changed(view)
        self._draw()

    def action_turn(self) -> None:
        """Show what is hidden, hide what is shown; the last one stays."""
        key = self.table.key or ""
        part, name = self._named(key)
        place = list(part.order(self._view)).index(name)
        self._take(part.turned(self._view, name))
        if name not in part.shown(self._view):
            # It may have gone to the others that are hidden; the cursor stays for the next one.
            self.table.select(f"{part.name}/{part.order(self._view)[place]}")

    def action_carry(self, by: int) -> None:
        """Move what is shown among the others that are."""
        key = self.table.key or ""
        part, name = self._named(key)
        self._take(part.carried(self._view, name, by))
        self.table.select(key)

    def action_usual(self) -> None:
        """Forget what was chosen here."""
        view = self._view
        for part in self._parts.values():
            view = part.usual(view)
        self._take(view)

    def on_row_table_opened(self) -> None:
        """Enter, or a second click."""
        self.action_turn()
