"""Which columns the tables have, and in which order: chosen here, seen at once, remembered for the next time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from parhelia_tui.core.settings.view_file import View
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


@dataclass(frozen=True, slots=True)
class Part:
    """Something that has places: the columns of a table.

    Args:
        name: what it is called, and the field of the view that remembers it.
        usual: what is shown and in which order while nothing is remembered.
        about: every name that there is, with what it shows.
    """

    name: str
    field: str
    usual: tuple[str, ...]
    about: Mapping[str, str]


class ArrangeScreen(ModalScreen[None]):
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
        self._parts = {part.field: part for part in parts}
        self._view = view
        self._changed = changed
        self.table = RowTable(COLUMNS, self._cells, id="arrange")

    def compose(self) -> ComposeResult:
        """The list."""
        pane = Pane("Columns", self.table, "arrange-pane")
        pane.border_subtitle = Text("Space shows or hides  [ ] move it  u as configured  Esc closes")
        yield pane

    def on_mount(self) -> None:
        """Show it."""
        self.table.focus()
        self._draw()

    def _shown(self, field: str) -> tuple[str, ...]:
        chosen: tuple[str, ...] = getattr(self._view, field)
        return chosen or self._parts[field].usual

    def _names(self, part: Part) -> list[str]:
        shown = self._shown(part.field)
        return [*shown, *(name for name in part.about if name not in shown)]

    def _draw(self) -> None:
        self.table.set_keys(
            [f"{part.field}/{name}" for part in self._parts.values() for name in self._names(part)]
        )

    def _cells(self, key: str) -> Sequence[Text]:
        field, _, name = key.partition("/")
        shown = name in self._shown(field)
        calm = Style(color=self.app.theme_variables.get("secondary"))
        return (
            Text("[✓]" if shown else "[ ]"),
            Text(self._parts[field].name, calm),
            Text(name),
            Text(self._parts[field].about[name], calm),
        )

    def _put(self, field: str, names: Sequence[str]) -> None:
        chosen: dict[str, Any] = {field: tuple(names)}
        self._view = replace(self._view, **chosen)
        self._changed(self._view)
        self._draw()

    def action_turn(self) -> None:
        """Show what is hidden, hide what is shown; the last one stays."""
        field, _, name = (self.table.key or "/").partition("/")
        shown = list(self._shown(field))
        if name not in shown:
            self._put(field, [*shown, name])
        elif len(shown) > 1:
            place = shown.index(name)
            shown.remove(name)
            self._put(field, shown)
            # What was hidden goes to the others that are; the cursor stays for the next one.
            self.table.select(f"{field}/{shown[min(place, len(shown) - 1)]}")

    def action_carry(self, by: int) -> None:
        """Move what is shown among the others that are."""
        key = self.table.key or "/"
        field, _, name = key.partition("/")
        shown = list(self._shown(field))
        if name not in shown:
            return
        place = shown.index(name)
        shown.insert(max(0, place + by), shown.pop(place))
        self._put(field, shown)
        self.table.select(key)

    def action_usual(self) -> None:
        """Forget what was chosen here."""
        nothing: dict[str, Any] = dict.fromkeys(self._parts, ())
        self._view = replace(self._view, **nothing)
        self._changed(self._view)
        self._draw()

    def on_row_table_opened(self) -> None:
        """Enter, or a second click."""
        self.action_turn()
