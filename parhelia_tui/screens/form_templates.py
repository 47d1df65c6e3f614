"""Templates in the form for a new task: what one of them says is put into the fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.screen import Screen
from textual.widgets import Select, Static

from parhelia_tui.core.client.templates import PLACE as TYPED
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.form_fields import FIELDS, NO_TEMPLATE, PromptArea
from parhelia_tui.screens.form_limits import LIMITS

if TYPE_CHECKING:
    from parhelia_tui.core.client.templates import Template


class FormTemplates:
    """The field of templates, which fills others.

    Args:
        form: has the fields.
        choose: chooses a value in the field of a name, where that has it.
        limit: puts limits into the fields that there are for them.
    """

    def __init__(
        self,
        form: Screen[Any],
        choose: Callable[[str, object], None],
        limit: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._form = form
        self._choose = choose
        self._limit = limit
        self._templates: Mapping[str, Template] = {}
        self._put = ""
        self.chosen = ""
        """The name of the template; empty for none."""

    def offer(self, templates: Mapping[str, Template], drafted: str) -> None:
        """Show the field where there are any; a draft goes on with its own."""
        self._templates = templates
        if not templates:
            return
        select: Select[str] = self._form.query_one("#template", Select)
        names = [
            (f"{each.name}: {each.about}" if each.about else each.name, each.name)
            for each in templates.values()
        ]
        select.set_options([NO_TEMPLATE, *names])
        self._form.query_one("#template-field").display = True
        if drafted in templates:
            self.chosen = drafted
            select.value = drafted
            self._tell()

    def take(self, name: str) -> None:
        """Fill the form with what a template says; what it does not say stays, and so does what was typed."""
        if name == self.chosen:
            return
        self.chosen = name
        said = self._templates[name].fields if name else {}
        for field, key in FIELDS.items():
            if key in said:
                self._choose(field, said[key])
        self._limit(said.get("limits", {}))
        area = self._form.query_one("#prompt", PromptArea)
        typed = "" if area.text == self._put else area.text
        text = str(said.get("prompt", ""))
        before, place, after = text.partition(TYPED)
        if place:
            self._put = "" if typed else before + after
            area.text = before + typed + after
            ahead = (before + typed).split("\n")
            area.move_cursor((len(ahead) - 1, len(ahead[-1])))
        elif not typed:
            self._put = area.text = text
            area.move_cursor(area.document.end)
        self._tell()
        area.focus()

    def _tell(self) -> None:
        """Say what the chosen template sets beside the fields of the form."""
        line = self._form.query_one("#template-says", Static)
        words = ", ".join(f"{name} {_plain(value)}" for name, value in self.hidden().items() if value != {})
        line.update(Text(f"Template: {one_line(words, 300)}"))
        line.display = bool(words)

    def hidden(self) -> dict[str, Any]:
        """What the chosen template says that the form has no field for."""
        if not self.chosen:
            return {}
        shown = {"prompt", *FIELDS.values()}
        found = {
            name: value for name, value in self._templates[self.chosen].fields.items() if name not in shown
        }
        if "limits" in found:
            found["limits"] = {name: each for name, each in found["limits"].items() if name not in LIMITS}
        return found


def _plain(value: object) -> str:
    """A value as a person writes it: of a table its keys with their values."""
    if isinstance(value, dict):
        return " ".join(f"{name} {each}" for name, each in value.items() if each is not None)
    return str(value)
