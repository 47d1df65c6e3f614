"""What stands below the fields of the form for a new task and never scrolls away: what it says, and its button."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Button, Static

from parhelia_tui.core.model.errors import ParheliaError


class FormFoot(Vertical):
    """Lines about cost and place, the line for a fault, and the button; a form that is left may still be told."""

    DEFAULT_CSS = """
    FormFoot { height: auto; }
    FormFoot #estimate, FormFoot #place { color: $secondary; height: auto; padding: 0 1; display: none; }
    FormFoot #fault { color: $error; height: auto; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._estimate, self._place, self._fault = (
            Static(id="estimate"),
            Static(id="place"),
            Static(id="fault"),
        )

    def compose(self) -> ComposeResult:
        """The lines, then the button."""
        yield self._estimate
        yield self._place
        yield self._fault
        yield Button("Create", id="create", variant="primary", compact=True)

    def tell_estimate(self, words: str) -> None:
        """Say what such a task usually costs; nothing where there are no words."""
        _tell(self._estimate, words)

    def tell_place(self, words: str) -> None:
        """Say where it would run, and what an hour costs there; nothing where there are no words."""
        _tell(self._place, words)

    def tell_fault(self, error: ParheliaError | None) -> None:
        """Say what is wrong, or nothing."""
        self._fault.update("" if error is None else Text(f"{error.code}: {error.message}"))


def _tell(line: Static, words: str) -> None:
    line.update(Text(words))
    line.display = bool(words)
