"""What a task has changed in its workspace since it began: the files, and the lines of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing

from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.changes import Changes, FileChange
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.checkpoint_lines import CHANGE_COLUMNS
from parhelia_tui.screens.diff_lines import SIDES_FROM, DiffLines
from parhelia_tui.screens.file_diff import FileDiffScreen, show_diff, words_of
from parhelia_tui.screens.task_tab import TaskTab
from parhelia_tui.screens.wishing import in_words
from parhelia_tui.widgets.bar import Bar, Part
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.row_table import RowTable

BESIDE_FROM = 100
"""Columns from which the lines of a file stand beside the files."""
NOTHING_BEFORE = (
    "Nothing is known of how it was:\nno checkpoint was taken of it, and it is no git repository.\n\n"
    "c on the fleet takes a checkpoint.\nWhat changes from then on is shown here."
)
_SIGNS = {"A": "success", "M": "warning", "D": "error"}


class ChangesTab(TaskTab):
    """Files at the left; the lines of the chosen one beside them where there is room, and whole by Enter.

    Args:
        paths: the state directory; questions run in threads with clients of their own.
    """

    DEFAULT_CSS = """
    ChangesTab RowTable { width: 40%; }
    ChangesTab LineView { width: 60%; padding: 0 1; display: none; }
    ChangesTab.-beside LineView { display: block; }
    ChangesTab.-alone RowTable { width: 1fr; }
    """

    def __init__(self, paths: Paths, id: str) -> None:
        self._paths = paths
        self._changes: Changes | None = None
        self._files: dict[str, FileChange] = {}
        self._said: str | None = None
        self.files = RowTable(CHANGE_COLUMNS, self._cells, id="changed-files")
        self.lines = LineView(id="changed-lines")
        self.head = Bar(id=f"{id}-head")
        super().__init__(Horizontal(self.files, self.lines), "Enter its lines   r read again   b branch", id)

    def compose(self) -> ComposeResult:
        """What is compared with what, then the files and their lines."""
        yield self.head
        yield self.inside

    @property
    def focused_part(self) -> RowTable:
        """The files."""
        return self.files

    async def come(self) -> None:
        """Compare anew: what is shown is what is there now."""
        await super().come()
        self.read_again()

    def read_again(self) -> None:
        """Compare the workspace with its beginning."""
        if self.about is not None:
            self._read(self.about.task)

    def update_shown(self) -> None:
        """Compare as soon as it is known what."""
        if self._changes is None and self._said is None and self.about is not None:
            self._said = "Comparing…"
            self._show()
            self.read_again()

    def on_resize(self, event: events.Resize) -> None:
        """Another width has room for the lines or not."""
        self._lay_out(event.size.width)
        self._follow_row()

    def _lay_out(self, width: int) -> None:
        beside = width >= BESIDE_FROM and bool(self._files)
        self.set_class(beside, "-beside")
        self.set_class(not beside, "-alone")

    @work(group="compare", exclusive=True)
    async def _read(self, task: Task) -> None:
        try:
            found = await asyncio.to_thread(_changes, self._paths, task)
        except ParheliaError as error:
            self._changes, self._files, self._said = None, {}, in_words(error)
        else:
            self._changes, self._files = found, {each.path: each for each in found.files}
            self._said = "Nothing has changed." if found.against else NOTHING_BEFORE
        self._show()
        self._follow_row()

    def _show(self) -> None:
        self._lay_out(self.size.width)
        self.files.set_keys(list(self._files), self._said or "")
        self.files.refresh()
        self.head.show([Part(Text(self.headline))])

    @property
    def headline(self) -> str:
        """What is compared with what."""
        found = self._changes
        if found is None or not found.against:
            return "Nothing to compare with." if found is not None else "Comparing…"
        after = f" until checkpoint {found.after.id}" if found.after else ""
        return f"{len(found.files)} changed since {found.against}{after}"

    def on_row_table_highlighted(self) -> None:
        """Another file: other lines."""
        self._follow_row()

    def _follow_row(self) -> None:
        file = self._files.get(self.files.key or "")
        if file is None:
            self.lines.show_lines([])
        elif self.has_class("-beside"):
            self._show_lines(file)

    @work(group="lines", exclusive=True)
    async def _show_lines(self, file: FileChange) -> None:
        diff = DiffLines(await self._text(file))
        self.lines.scroll_home(animate=False)
        show_diff(self.lines, diff, sides=diff.is_diff and self.lines.size.width >= SIDES_FROM)

    async def _text(self, file: FileChange) -> str:
        changes = self._changes
        if changes is None:
            # They are being read anew.
            return ""
        try:
            return await asyncio.to_thread(_file_text, self._paths, changes, file)
        except ParheliaError as error:
            return in_words(error)

    async def on_row_table_opened(self, message: RowTable.Opened) -> None:
        """Enter: the lines of the file over everything."""
        message.stop()
        file = self._files.get(message.key)
        if file is not None:
            self.app.push_screen(FileDiffScreen(file.path, await self._text(file)))

    def _cells(self, key: str) -> Sequence[Text]:
        each, colours = self._files[key], self.app.theme_variables
        grown = f"{each.grown:+,}" if each.grown else ""
        return (
            Text(each.sign, Style(color=colours.get(_SIGNS[each.sign]))),
            Text(one_line(each.path, 1000)),
            Text(grown),
        )


def _changes(paths: Paths, task: Task) -> Changes:
    with closing(Client(paths)) as door:
        return door.changes.of(task)


def _file_text(paths: Paths, changes: Changes, file: FileChange) -> str:
    with closing(Client(paths)) as door:
        return words_of(door.changes.text(changes, file))
