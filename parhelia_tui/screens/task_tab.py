"""What the tabs of a task have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from parhelia_tui.screens.task_lines import About, Colours
from parhelia_tui.widgets.line_view import LineView


class TaskTab(Vertical):
    """One tab; it is told what is known whenever that was read, and works only while it is in front.

    Args:
        inside: what it shows; the focus goes there.
        hint: its own keys, for the frame.
    """

    DEFAULT_CSS = """
    TaskTab { height: 1fr; }
    """

    def __init__(self, inside: Widget, hint: str, id: str) -> None:
        super().__init__(id=id)
        self.inside = inside
        self.hint = hint
        self.about: About | None = None
        self.in_front = False

    def compose(self) -> ComposeResult:
        """What is inside."""
        yield self.inside

    @property
    def focused_part(self) -> Widget:
        """The widget that keys go to."""
        return self.inside

    def take(self, about: About) -> None:
        """Take what is known now."""
        self.about = about
        if self.in_front:
            self.update_shown()

    async def come(self) -> None:
        """Come to the front."""
        self.in_front = True
        self.update_shown()

    async def leave(self) -> None:
        """Go behind: nothing is read or followed from here on."""
        self.in_front = False

    def update_shown(self) -> None:
        """Show what is known."""


class FollowingTab(TaskTab):
    """A tab that reads again and again while it is in front."""

    async def come(self) -> None:
        """Follow."""
        await super().come()
        self.run_worker(self.follow(), group="follow", exclusive=True)

    async def leave(self) -> None:
        """Follow no more."""
        await super().leave()
        self.workers.cancel_group(self, "follow")

    async def follow(self) -> None:
        """Read and show, until this is cancelled or there is nothing more to come."""


class LinesTab(TaskTab):
    """A tab that is lines made of what is known.

    Args:
        make: gives the lines, for the theme's colours at a moment.
        clock: gives epoch seconds.
    """

    def __init__(
        self, make: Callable[[About, Colours, float], Any], clock: Callable[[], float], hint: str, id: str
    ) -> None:
        self.lines = LineView(id=f"{id}-lines")
        super().__init__(self.lines, hint, id)
        self._make = make
        self._clock = clock

    def update_shown(self) -> None:
        """Make the lines anew."""
        if self.about is not None:
            self.lines.show_lines(self._make(self.about, self.app.theme_variables, self._clock()))
