"""All that is known of one checkpoint: when and why, the state of git, the versions of the tools."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult

from parhelia_tui.core.model.checkpoint_page import about
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.lines_screen import LinesScreen
from parhelia_tui.widgets.line_view import LineView

VALUE_CUT = 2000


class CheckpointPageScreen(LinesScreen):
    """Shows it.

    Args:
        chosen: the checkpoint.
        now: epoch seconds.
    """

    TABLE = "checkpoint"

    def __init__(self, chosen: Checkpoint, now: float) -> None:
        super().__init__(LineView(id="page"))
        self._chosen = chosen
        self._now = now

    @property
    def crumb(self) -> str:
        """Which one it is."""
        return f"checkpoint {self._chosen.id}"

    def compose(self) -> ComposeResult:
        """The lines."""
        yield self.framed("Checkpoint", "page-pane", f"{self._chosen.id} ▪ checkpoint")

    def on_mount(self) -> None:
        """Show a line for each thing that is known."""
        known = [
            (name, one_line(value, VALUE_CUT)) for name, value in about(self._chosen, self._now) if value
        ]
        width = max(len(name) for name, _ in known)
        self.lines.show_lines([Text(f"{name:<{width}}  {value}") for name, value in known])
        self.lines.focus()
