"""What a command of the command line prints, as it prints it."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var

from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.lines_screen import LinesScreen
from parhelia_tui.screens.own_command import OwnCommand
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.pane import Pane

KEPT = 5000
"""Lines; of more the last are shown."""
DRAW_EVERY_S = 0.05


class CommandOutputScreen(LinesScreen):
    """Runs a command and shows its lines; leaving ends what still runs.

    Args:
        paths: the state directory.
        words: of the command.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "app.pop_screen", "end it", priority=True)]
    TABLE = "command"
    fresh = var(False)

    def __init__(self, paths: Paths, words: list[str]) -> None:
        super().__init__(LineView(id="said"))
        self._typed = f"parhelia {' '.join(words)}"
        self._command = OwnCommand(paths, words)
        self._said: deque[str] = deque(maxlen=KEPT)
        self.pane = Pane("Command", self.lines, "command-pane")

    @property
    def crumb(self) -> str:
        """What was typed."""
        return self._typed

    def compose(self) -> ComposeResult:
        """The lines, the first in sight."""
        self.pane.border_subtitle = "Esc back   g first line   G last line"
        yield self.pane

    def on_mount(self) -> None:
        """Begin."""
        self.pane.head(f"{self._typed} ▪ runs")
        self.set_interval(DRAW_EVERY_S, self._draw)
        self.run_worker(self._run(), exclusive=True)

    async def _run(self) -> None:
        async for line in self._command.lines():
            self._said.append(line)
            self.fresh = True
        code = self._command.code
        self.pane.head(f"{self._typed} ▪ {'done' if code == 0 else f'ended with {code}'}")
        if not self._said:
            self._said.append("It printed nothing.")
        self.fresh = True

    def _draw(self) -> None:
        if self.fresh:
            self.fresh = False
            self.lines.show_lines([Text(line) for line in self._said])
