"""What a task printed, whole."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_ENDED
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.folding import folded_lines
from parhelia_tui.screens.lines_screen import HINT, LinesScreen
from parhelia_tui.screens.reading import grown, log_of
from parhelia_tui.widgets.line_view import LineView

LOG_LINES = 5000
LINE_CUT = 20_000
"""Letters of one line that are shown; a line of megabytes is no text that a person reads."""
LOOK_EVERY_S = 0.5


class LogScreen(LinesScreen):
    """Shows the last lines that a task printed, and follows while it runs.

    Args:
        client: names the log.
        task: whose.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("l", "app.pop_screen", "back")]

    TABLE = "log"

    def __init__(self, client: Client, task: Task) -> None:
        super().__init__(LineView(from_end=True, id="log"))
        self._client = client
        self._about = task
        self._said: list[str] = []
        self._seen: tuple[int, float] | None = None

    @property
    def crumb(self) -> str:
        """Whose output it is."""
        return f"output of {self._about.id}"

    def compose(self) -> ComposeResult:
        """The lines, the last in sight."""
        self.pane = self.framed("Output", "log-pane", f"{one_line(self._about.slug, 60)} ▪ output")
        yield self.pane

    def subject(self) -> Subject:
        """The task that printed it is what a command of the user's own is for."""
        return self.subject_of(self._about)

    def on_mount(self) -> None:
        """Read it, and again whenever it has grown."""
        self.pane.border_subtitle = f"{self.own_hint()}{HINT}"
        self.run_worker(self._follow(), exclusive=True)

    async def _follow(self) -> None:
        while True:
            try:
                await self._look()
            except ParheliaError as error:
                # The store can be well again at any moment.
                self._seen = None
                self.lines.show_lines([Text(f"{error.code}: {one_line(error.message, 500)}")])
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        mark = await asyncio.to_thread(grown, self._client.paths, self._about)
        if mark != self._seen:
            self._seen = mark
            said = await asyncio.to_thread(log_of, self._client.paths, self._about.id, LOG_LINES)
            self._said = [line if len(line) <= LINE_CUT else line[:LINE_CUT] + "…" for line in said]
            await self._fold()

    async def _fold(self) -> None:
        """Break long lines at the width of the pane."""
        if not self._said:
            ended = self._about.state in TASK_ENDED
            self.lines.show_lines([Text("It printed nothing." if ended else "Nothing yet.", "dim")])
            return
        said, width = self._said, max(10, self.lines.size.width)
        folded = await asyncio.to_thread(folded_lines, said, width)
        if said is self._said and width == max(10, self.lines.size.width):
            self.lines.show(len(folded), lambda index, _: Text(folded[index]))

    async def on_resize(self, event: events.Resize) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self._fold)
