"""What changed in one file, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.diff_lines import SIDES_FROM, DiffLines
from parhelia_tui.screens.lines_screen import LinesScreen
from parhelia_tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from parhelia_tui.core.checkpoints.text import TextDiff


class FileDiffScreen(LinesScreen):
    """Shows a difference, with both sides beside each other where there is room.

    Args:
        path: of the file, in the workspace.
        text: the difference in unified form, or a sentence why there is none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sides", "both sides", tooltip="both sides beside each other, or one column")
    ]

    TABLE = "difference"

    def __init__(self, path: str, text: str) -> None:
        super().__init__(LineView(id="difference"))
        self._path = path
        self._diff = DiffLines(text)
        self._sides: bool | None = None

    @property
    def crumb(self) -> str:
        """Which file it is."""
        return self._path

    def compose(self) -> ComposeResult:
        """The lines."""
        hint = "Esc back   s both sides   g first line   G last line"
        yield self.framed("Difference", "difference-pane", one_line(self._path, 200), hint)

    def on_mount(self) -> None:
        """Show them."""
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        """Another width has room for both sides or not."""
        self._show()

    def action_sides(self) -> None:
        """Show both sides, or one column, whatever the width is."""
        self._sides = not self._shows_sides()
        self._show()

    def _shows_sides(self) -> bool:
        wanted = self.size.width >= SIDES_FROM if self._sides is None else self._sides
        return wanted and self._diff.is_diff

    def _show(self) -> None:
        show_diff(self.lines, self._diff, sides=self._shows_sides())


def words_of(found: TextDiff) -> str:
    """A difference as text, or a sentence why there is none."""
    if found.binary:
        return "It is not text."
    if found.too_big:
        return "It is too big to be compared line by line."
    return found.text or "Only its mode or time differs."


def show_diff(lines: LineView, diff: DiffLines, *, sides: bool) -> None:
    """Show a difference in a view."""
    if sides:
        lines.show(len(diff.pairs), lambda index, width: diff.both(index, width, lines.app.theme_variables))
    else:
        lines.show(len(diff.unified), lambda index, width: diff.one(index, lines.app.theme_variables))
