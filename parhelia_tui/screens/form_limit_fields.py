"""The fields of the form for a new task that say how much of what it gets, for how long, and where at a provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from parhelia_tui.core.model.placement import ANY_GPU
from parhelia_tui.screens.form_limits import ELSEWHERE, LIMITS, as_typed


class LimitFields(Horizontal):
    """Fields that may stay empty; those that a provider alone gives are there where one may be chosen.

    Args:
        typed: what stands in them, by the names of a request's limits.
    """

    DEFAULT_CSS = """
    LimitFields Input { padding: 0 1; }
    """

    def __init__(self, typed: Mapping[str, str]) -> None:
        super().__init__()
        self._typed = typed
        self._asked: frozenset[str] = frozenset()
        self._elsewhere = False

    def compose(self) -> ComposeResult:
        """A field for each."""
        for name, (label, example) in LIMITS.items():
            with Vertical(id=f"{name}-field"):
                yield Static(label, classes="label")
                yield Input(self._typed.get(name, ""), placeholder=example, id=name)

    def seen(self) -> dict[str, str]:
        """What stands in the fields that are shown."""
        return {name: text for name, text in self._texts().items() if self._is_shown(name)}

    def unseen(self) -> dict[str, str]:
        """What stands in those that are not."""
        return {name: text for name, text in self._texts().items() if not self._is_shown(name)}

    def put(self, limits: Mapping[str, Any]) -> None:
        """Fill in what a template says; a GPU or a region of its own is shown wherever it is to run."""
        self._asked = frozenset(limits) & frozenset(ELSEWHERE)
        for name, value in as_typed(limits).items():
            self._field(name).value = value
        self._show()

    def suit(self, backend: str) -> None:
        """Show what can be asked of a backend."""
        self._elsewhere = backend != "local"
        self._show()

    def _show(self) -> None:
        for name in ELSEWHERE:
            self.query_one(f"#{name}-field").display = self._elsewhere or name in self._asked

    def propose(self, configured: Mapping[str, Any], gpus: Sequence[str]) -> None:
        """Show what is configured where nothing is typed, and end the names of GPUs that are begun."""
        for name, value in as_typed(configured).items():
            self._field(name).placeholder = value
        self._field("gpu").suggester = SuggestFromList([*gpus, ANY_GPU], case_sensitive=False)

    def _texts(self) -> dict[str, str]:
        return {name: self._field(name).value.strip() for name in LIMITS}

    def _is_shown(self, name: str) -> bool:
        return self.query_one(f"#{name}-field").display

    def _field(self, name: str) -> Input:
        return self.query_one(f"#{name}", Input)
