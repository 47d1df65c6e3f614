"""The checkpoints of a task: when, why and how much, what changed since, and the ways back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Checkpoint, Task
from parhelia_tui.core.model.recovery import Way
from parhelia_tui.core.model.states import CheckpointState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens import checkpoint_lines as lines
from parhelia_tui.screens import checkpoint_reading as reading
from parhelia_tui.screens.checkpoint_acts import CheckpointActs
from parhelia_tui.screens.checkpoint_page import CheckpointPageScreen
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.file_diff import FileDiffScreen
from parhelia_tui.screens.log import LogScreen
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.recover import RecoverScreen
from parhelia_tui.screens.wishing import in_words
from parhelia_tui.widgets.bar import Bar
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import RowTable

LOOK_EVERY_S = 0.5
KEYS = (
    Binding("question_mark", "help", "keys", key_display="?", tooltip="this list"),
    Binding("escape,q", "app.pop_screen", "back", key_display="Esc", tooltip="back to the fleet"),
    Binding("c", "take", "take", tooltip="take a checkpoint now"),
    Binding("b", "side", "since/in it", tooltip="what has changed since it, or in it since the one before"),
    Binding(
        "d", "details", "details", tooltip="all that is known of it: git, tools, tokens, what was not taken"
    ),
    Binding("R", "roll_back", "roll back", tooltip="bring the workspace back to it, after a question"),
    Binding("u", "resume", "resume", tooltip="go on with the ended task from it, after a question"),
    Binding(
        "f", "recover", "recover", tooltip="after a failure: what happened, and a choice of how to go on"
    ),
    Binding("o", "restore", "restore", tooltip="write its files into a new directory"),
    Binding("n", "fork", "new task", tooltip="a task of its own goes on from it, in a new container"),
    Binding("p", "protect", "protect", tooltip="keep it whatever its age, or no longer"),
    Binding("m", "note", "note", tooltip="write a note on it"),
    Binding("delete", "delete", "delete", key_display="Del", tooltip="delete it, after a question"),
    Binding("tab", "app.focus_next", "other pane", show=False),
)

CHANGING = ("roll_back", "resume", "restore", "fork", "protect", "note", "delete")
"""Actions on a checkpoint that change something."""


class CheckpointsScreen(OverHome[None]):
    """The time line at the left, what differs at the right; Enter on a file shows its lines.

    Args:
        client: names the state directory; questions run in threads with clients of their own.
        task: whose.
        clock: gives epoch seconds.
    """

    TABLE = "checkpoints"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    DEFAULT_CSS = """
    CheckpointsScreen Horizontal { height: 1fr; }
    CheckpointsScreen .pane { width: 1fr; }
    CheckpointsScreen Bar { background: $panel; }
    """

    def __init__(self, client: Client, task: Task, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._client = client
        self._paths = client.paths
        self._about = task
        self._clock = clock
        self._found: dict[str, Checkpoint] = {}
        self._changes: dict[str, lines.Change] = {}
        self._against_now = True
        self._compared: tuple[str, bool] | None = None
        self._acts = CheckpointActs(self, client, clock)
        self.timeline = RowTable(lines.COLUMNS, self._cells, id="timeline")
        self.changes = RowTable(lines.CHANGE_COLUMNS, self._change_cells, id="changes")
        self.panes = (
            Pane("Checkpoints", self.timeline, "timeline-pane"),
            Pane("Changes", self.changes, "changes-pane"),
        )
        self.notice, self.bottom = Notice(id="notice"), Bar(gap=2, id="bottom")

    @property
    def crumb(self) -> str:
        """Whose checkpoints they are."""
        return f"checkpoints of {self._about.id}"

    def compose(self) -> ComposeResult:
        """Two panes, a line for words, the keys."""
        yield self.notice
        with Horizontal():
            yield from self.panes
        yield self.bottom

    def on_mount(self) -> None:
        """Read them, and again as long as this is open."""
        self.timeline.focus()
        self.run_worker(self._follow(), group="follow", exclusive=True)

    async def _follow(self) -> None:
        while True:
            try:
                self._about, found = await asyncio.to_thread(reading.read, self._paths, self._about.id)
                self._show(found)
                self.notice.trouble("", self._clock())
            except ParheliaError as error:
                self.notice.trouble(in_words(error), self._clock())
            await asyncio.sleep(LOOK_EVERY_S)

    def _show(self, found: Sequence[Checkpoint]) -> None:
        self._found = {each.id: each for each in found}
        self.panes[0].head(f"{one_line(self._about.slug, 60)} ▪ {self._about.state} ▪ checkpoints")
        self.timeline.set_keys(
            list(self._found), "No checkpoints yet.\n\nPress c to take one: the work stops only for a moment."
        )
        self.timeline.refresh()
        self._compare()

    # What differs

    def on_row_table_highlighted(self, message: RowTable.Highlighted) -> None:
        """Another checkpoint: other changes."""
        if message.table is self.timeline:
            self._compare()

    def _compare(self) -> None:
        self.bottom.show(self.shown_keys())
        chosen = self._chosen()
        wanted = (chosen.id, self._against_now) if chosen else None
        if wanted == self._compared:
            return
        self._compared = wanted
        self._changes = {}
        self.changes.set_keys([], "")
        if chosen is None:
            self.panes[1].head("Changes")
            return
        before, after = self._sides(chosen)
        other = "since it" if self._against_now else "in it"
        self.panes[1].head(f"Changes {other} ▪ {chosen.id}")
        if before is None:
            self.changes.set_keys([], "It is the first one of this task.")
            return
        self.run_worker(self._load(before, after), group="compare", exclusive=True)

    def _sides(self, chosen: Checkpoint) -> tuple[str | None, str | None]:
        return (chosen.id, None) if self._against_now else (chosen.parent, chosen.id)

    async def _load(self, before: str, after: str | None) -> None:
        try:
            found = await asyncio.to_thread(reading.differences, self._paths, before, after)
        except ParheliaError as error:
            self.changes.set_keys([], in_words(error))
            return
        self._changes = {each.path: each for each in found}
        self.changes.set_keys(list(self._changes), "Nothing differs.")

    async def on_row_table_opened(self, message: RowTable.Opened) -> None:
        """Enter on a file: its lines. Enter on a checkpoint: its files."""
        if message.table is self.timeline:
            self.changes.focus()
            return
        chosen = self._chosen()
        before, after = self._sides(chosen) if chosen else (None, None)
        if before is not None:
            try:
                text = await asyncio.to_thread(reading.file_text, self._paths, before, after, message.key)
            except ParheliaError as error:
                self.say(in_words(error))
            else:
                self.app.push_screen(FileDiffScreen(message.key, text))

    def action_side(self) -> None:
        """Compare with the workspace now, or with the checkpoint before."""
        self._against_now = not self._against_now
        self._compare()

    def action_details(self) -> None:
        """Show all that is known of a checkpoint."""
        if self.may("details") and (chosen := self._chosen(any_state=True)):
            self.app.push_screen(CheckpointPageScreen(chosen, self._clock()))

    # The ways back

    def action_take(self) -> None:
        """Take one now."""
        if self.may("take"):
            self._acts.take(self._about)

    def action_roll_back(self) -> None:
        """Bring the workspace back, after a question."""
        if self.may("roll_back") and (chosen := self._chosen()):
            differing = len(self._changes) if self._against_now else None
            self._acts.roll_back(chosen, differing, self._rolled_back)

    def _rolled_back(self) -> None:
        self._compared = None

    def action_resume(self) -> None:
        """Go on with the task from a checkpoint, after a question."""
        if self.may("resume") and (chosen := self._chosen()):
            self._acts.resume(chosen, self._about)

    async def action_recover(self) -> None:
        """Tell what happened and the last good state, and let a person choose how to go on."""
        try:
            story = await asyncio.to_thread(reading.story, self._paths, self._about.id)
        except ParheliaError as error:
            self.say(in_words(error))
            return

        def chosen(way: Way | None) -> None:
            if way is Way.RETRY:
                self._acts.retry(story.task)
            elif way is Way.INSPECT:
                self.app.push_screen(LogScreen(self._client, story.task))
            elif way is Way.RESUME and story.last is not None:
                self._acts.resume(story.last, story.task)
            elif way is Way.ROLLBACK and story.last is not None:
                self._acts.roll_back(story.last, None, self._rolled_back)

        self.app.push_screen(RecoverScreen(story, self._clock()), chosen)

    def action_restore(self) -> None:
        """Write the files of a checkpoint into a new directory."""
        if self.may("restore") and (chosen := self._chosen()):
            self._acts.restore(chosen)

    def action_fork(self) -> None:
        """Let a task of its own go on from a checkpoint, after a question."""
        if self.may("fork") and (chosen := self._chosen()):
            self._acts.fork(chosen, self._about)

    def action_protect(self) -> None:
        """Keep a checkpoint whatever its age, or no longer."""
        if self.may("protect") and (chosen := self._chosen()):
            self._acts.protect(chosen)

    def action_note(self) -> None:
        """Write a note on a checkpoint."""
        if self.may("note") and (chosen := self._chosen()):
            self._acts.note(chosen)

    def action_delete(self) -> None:
        """Delete a checkpoint, after a question."""
        if self.may("delete") and (chosen := self._chosen(any_state=True)):
            self._acts.delete(chosen)

    def say(self, text: str) -> None:
        """Show a sentence until the next one."""
        self.notice.say(text, self._clock())

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        if action in ("take", *CHANGING) and is_read_only():
            return "the dashboard is read-only"
        if action not in ("details", *CHANGING):
            return ""
        found = self._found.get(self.timeline.key or "")
        if found is None:
            return "no checkpoint is chosen"
        if found.state is not CheckpointState.READY and action not in ("details", "delete"):
            return f"the checkpoint is {found.state}"
        return ""

    def subject(self) -> Subject:
        """The task whose checkpoints they are is what a command of the user's own is for."""
        return self.subject_of(self._about)

    def _chosen(self, *, any_state: bool = False) -> Checkpoint | None:
        """Give the checkpoint under the cursor, one that can be used where not any will do."""
        found = self._found.get(self.timeline.key or "")
        return found if found is not None and (any_state or found.state is CheckpointState.READY) else None

    def _cells(self, key: str) -> Sequence[Text]:
        return lines.cells(self._found[key], self._clock(), self.app.theme_variables)

    def _change_cells(self, key: str) -> Sequence[Text]:
        return lines.change_cells(self._changes[key], self.app.theme_variables)
