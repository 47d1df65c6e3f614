"""The command line of the dashboard: `:` and any command of `parhelia`, with completion of verbs and ids."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.own_command import CUSTOM, Offer, offers
from parhelia_tui.widgets.painted_modal import PaintedModal

SHOWN = 8
LOOK_AFTER_S = 0.08
"""Typing pauses so long before the command line is asked what a word can become: that is a process of 0.1 s."""


class CommandLineScreen(PaintedModal[str | None]):
    """Asks for a command; gives None when it was left.

    Args:
        paths: the state directory.
        earlier: what was typed before, the oldest first.
        custom: commands of the user's own.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("tab", "complete", "complete", priority=True),
        Binding("up", "recall(-1)", "earlier", priority=True),
        Binding("down", "recall(1)", "later", priority=True),
    ]
    DEFAULT_CSS = """
    CommandLineScreen { align: left bottom; background: transparent; }
    CommandLineScreen > Vertical { height: auto; background: $panel; }
    CommandLineScreen #offers { height: auto; padding: 0 3; color: $secondary; text-wrap: nowrap; text-overflow: ellipsis; }
    CommandLineScreen #row { layout: horizontal; height: 1; }
    CommandLineScreen #sign { width: 3; color: $primary; text-style: bold; }
    CommandLineScreen Input { width: 1fr; background: $panel; }
    """

    def __init__(self, paths: Paths, earlier: list[str], custom: Sequence[Offer] = ()) -> None:
        super().__init__()
        self._custom = custom
        self._paths = paths
        self._earlier = earlier
        self._at = len(earlier)
        self._offers: list[Offer] = []
        # Not looked up: an offer may come when the screen has just been left.
        self.listed = Static(id="offers")
        self.line = Input(
            placeholder="task list, resume, help … Tab completes, Esc leaves",
            compact=True,
            select_on_focus=False,
        )
        self._asked = ""

    def compose(self) -> ComposeResult:
        """What the word can become, above the line."""
        with Vertical():
            yield self.listed
            with Vertical(id="row"):
                yield Static(" :", id="sign")
                yield self.line

    def on_mount(self) -> None:
        """Offer the commands."""
        self._look()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Look what the word can become now."""
        self._look()

    def _look(self) -> None:
        self._ask(self.line.value)

    @work(group="offers", exclusive=True)
    async def _ask(self, text: str) -> None:
        own = [each for each in self._custom if each.word.startswith(text)]
        found = own
        if not text.startswith(CUSTOM):
            await asyncio.sleep(LOOK_AFTER_S)
            found = [*await offers(self._paths, text), *own]
        if text == self.line.value:
            self._offers, self._asked = found, text
            self._draw()

    def _draw(self) -> None:
        wide = max((len(each.word) for each in self._offers[:SHOWN]), default=0)
        lines = [Text(f"{each.word:<{wide}}  {each.about}") for each in self._offers[:SHOWN]]
        if len(self._offers) > SHOWN:
            lines.append(Text(f"… and {len(self._offers) - SHOWN} more"))
        text = Text("\n").join(lines)
        text.no_wrap, text.overflow = True, "ellipsis"
        self.listed.update(text)
        self.listed.display = bool(lines)

    def action_complete(self) -> None:
        """Make the word what it can become, as far as that is one thing."""
        if not self._offers or self._asked != self.line.value:
            return
        before, space, last = self._asked.rpartition(" ")
        common = _common([each.word for each in self._offers])
        whole = len(self._offers) == 1
        if whole or len(common) > len(last):
            self.line.value = f"{before}{space}{common}{' ' if whole else ''}"
            self.line.cursor_position = len(self.line.value)

    def action_recall(self, by: int) -> None:
        """Bring back what was typed before."""
        at = self._at + by
        if 0 <= at <= len(self._earlier):
            self._at = at
            self.line.value = self._earlier[at] if at < len(self._earlier) else ""
            self.line.cursor_position = len(self.line.value)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Give the command as it stood when Enter came."""
        self.dismiss(message.value.strip() or None)

    def action_leave(self) -> None:
        """Give nothing."""
        self.dismiss(None)


def _common(words: list[str]) -> str:
    """The letters with which all of some words begin."""
    least, most = min(words), max(words)
    for number, letter in enumerate(least):
        if most[number] != letter:
            return least[:number]
    return least
