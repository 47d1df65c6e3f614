"""The checkpoints of a task: when, why and how much, what changed since, and the ways back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import age
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Checkpoint, Task
from parhelia_tui.core.model.states import TASK_SETTLED, CheckpointState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens import checkpoint_lines as lines
from parhelia_tui.screens.ask import AskScreen
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.file_diff import FileDiffScreen
from parhelia_tui.screens.home_lines import key
from parhelia_tui.screens.task_acts import in_words
from parhelia_tui.widgets.bar import Bar
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import RowTable

LOOK_EVERY_S = 0.5
KEPT = 500
KEYS = (
    Binding("c", "take", "take one", tooltip="take a checkpoint now"),
    Binding("b", "side", "now/before", tooltip="compare with the workspace now, or with the one before"),
    Binding("R", "roll_back", "roll back", tooltip="bring the workspace back to it, after a question"),
    Binding("u", "resume", "resume", tooltip="go on with the ended task from it, after a question"),
    Binding("o", "restore", "restore", tooltip="write its files into a new directory"),
    Binding("p", "protect", "protect", tooltip="keep it whatever its age, or no longer"),
    Binding("m", "note", "note", tooltip="write a note on it"),
    Binding("delete", "delete", "delete", key_display="Del", tooltip="delete it, after a question"),
    Binding("escape,q", "app.pop_screen", "back", key_display="Esc", tooltip="back to the fleet"),
    Binding("tab", "app.focus_next", "other pane", show=False),
)


class CheckpointsScreen(Screen[None]):
    """The time line at the left, what differs at the right; Enter on a file shows its lines.

    Args:
        client: names the state directory; questions run in threads with clients of their own.
        task: whose.
        clock: gives epoch seconds.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    DEFAULT_CSS = """
    CheckpointsScreen Horizontal { height: 1fr; }
    CheckpointsScreen .pane { width: 1fr; }
    CheckpointsScreen Bar { background: $panel; }
    """

    def __init__(self, client: Client, task: Task, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._paths = client.paths
        self._about = task
        self._clock = clock
        self._found: dict[str, Checkpoint] = {}
        self._changes: dict[str, lines.Change] = {}
        self._against_now = True
        self._compared: tuple[str, bool] | None = None
        self.timeline = RowTable(lines.COLUMNS, self._cells, id="timeline")
        self.changes = RowTable(lines.CHANGE_COLUMNS, self._change_cells, id="changes")
        self.panes = (
            Pane("Checkpoints", self.timeline, "timeline-pane"),
            Pane("Changes", self.changes, "changes-pane"),
        )
        self.notice, self.bottom = Notice(id="notice"), Bar(gap=2, id="bottom")

    def compose(self) -> ComposeResult:
        """Two panes, a line for words, the keys."""
        yield self.notice
        with Horizontal():
            yield from self.panes
        yield self.bottom

    def on_mount(self) -> None:
        """Read them, and again as long as this is open."""
        self.bottom.show([key(each, self.app.theme_variables) for each in KEYS if each.show])
        self.timeline.focus()
        self.run_worker(self._follow(), group="follow", exclusive=True)

    async def _follow(self) -> None:
        while True:
            try:
                self._about, found = await asyncio.to_thread(_read, self._paths, self._about.id)
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
        chosen = self._chosen(quietly=True)
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
            found = await asyncio.to_thread(_differences, self._paths, before, after)
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
                text = await asyncio.to_thread(_file_text, self._paths, before, after, message.key)
            except ParheliaError as error:
                self.say(in_words(error))
            else:
                self.app.push_screen(FileDiffScreen(message.key, text))

    def action_side(self) -> None:
        """Compare with the workspace now, or with the checkpoint before."""
        self._against_now = not self._against_now
        self._compare()

    # The ways back

    def action_take(self) -> None:
        """Take one now."""
        task = self._about
        self._wish(lambda door: door.checkpoints.create(task))

    def action_roll_back(self) -> None:
        """Bring the workspace back, after a question that says what is lost."""
        chosen = self._chosen()
        if chosen is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.say("Rolling back…")
                self._wish(lambda door: door.checkpoints.roll_back(chosen), self._rolled_back)

        count = len(self._changes) if self._against_now else None
        told = f"{count} files differ from it now. " if count is not None else ""
        self.app.push_screen(
            ConfirmScreen(
                f"Bring the workspace back to {chosen.id}, {age(chosen.created_at, self._clock())} old?",
                f"{told}What the files are now is kept in a checkpoint first, so this can be undone.",
                "Roll back",
                "Let it be",
            ),
            answered,
        )

    def _rolled_back(self, done: Any) -> None:
        self.say(
            f"The workspace is as it was at {done['checkpoint_id']}. As it was before: {done['safety_id']}."
        )
        self._compared = None

    def action_resume(self) -> None:
        """Go on with the task from a checkpoint, after a question."""
        chosen, task = self._chosen(), self._about
        if chosen is None:
            return
        if task.state not in TASK_SETTLED:
            self.say(f"The task is {task.state}; only one that has ended goes on from a checkpoint.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._wish(
                    lambda door: door.checkpoints.resume(task, chosen),
                    lambda done: self.say(f"{task.id} goes on from {chosen.id}."),
                )

        self.app.push_screen(
            ConfirmScreen(
                f"Go on with “{one_line(task.title, 120)}” from {chosen.id}?",
                "A new container is made; its files become as they were then, and the agent's talk goes on.\n"
                "What the files are now is kept in a checkpoint first.",
                "Resume",
                "Let it be",
            ),
            answered,
        )

    def action_restore(self) -> None:
        """Write the files of a checkpoint into a new directory."""
        chosen = self._chosen()
        if chosen is None:
            return

        def answered(place: str | None) -> None:
            if place is not None:
                target = Path(place).expanduser().absolute()
                self.say("Restoring…")
                self._wish(
                    lambda door: door.checkpoints.restore(chosen, target, lambda stage, done, total: None),
                    lambda done: self.say(f"{done.files} files lie in {one_line(str(target), 300)}."),
                )

        self.app.push_screen(
            AskScreen(
                f"Where shall the files of {chosen.id} go?", "A new directory; nothing is overwritten."
            ),
            answered,
        )

    def action_protect(self) -> None:
        """Keep a checkpoint whatever its age, or no longer."""
        chosen = self._chosen()
        if chosen is not None:
            self._wish(lambda door: door.checkpoints.describe(chosen.id, protected=not chosen.protected))

    def action_note(self) -> None:
        """Write a note on a checkpoint."""
        chosen = self._chosen()
        if chosen is None:
            return

        def answered(text: str | None) -> None:
            if text is not None:
                self._wish(lambda door: door.checkpoints.describe(chosen.id, note=text))

        self.app.push_screen(
            AskScreen(f"A note on {chosen.id}", "What it is good for.", chosen.note), answered
        )

    def action_delete(self) -> None:
        """Delete a checkpoint, after a question."""
        chosen = self._chosen(any_state=True)
        if chosen is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._wish(lambda door: door.checkpoints.delete(chosen.id))

        self.app.push_screen(
            ConfirmScreen(
                f"Delete {chosen.id}, {age(chosen.created_at, self._clock())} old?",
                "It cannot be brought back. The workspace and the other checkpoints stay as they are.",
                "Delete",
                "Keep it",
            ),
            answered,
        )

    def say(self, text: str) -> None:
        """Show a sentence until the next one."""
        self.notice.say(text, self._clock())

    def _chosen(self, *, quietly: bool = False, any_state: bool = False) -> Checkpoint | None:
        """Give the checkpoint under the cursor, or say why there is nothing to be done with it."""
        found = self._found.get(self.timeline.key or "")
        if found is not None and (any_state or found.state is CheckpointState.READY):
            return found
        if not quietly:
            self.say("No checkpoint is chosen." if found is None else f"The checkpoint is {found.state}.")
        return None

    def _wish(self, act: Callable[[Client], Any], then: Callable[[Any], None] | None = None) -> None:
        def work() -> None:
            with closing(Client(self._paths)) as door:
                try:
                    given = act(door)
                except ParheliaError as error:
                    self.app.call_from_thread(self.say, in_words(error))
                    return
            if then is not None:
                self.app.call_from_thread(then, given)

        self.run_worker(work, thread=True, group="wish", exit_on_error=False)

    def _cells(self, key: str) -> Sequence[Text]:
        return lines.cells(self._found[key], self._clock(), self.app.theme_variables)

    def _change_cells(self, key: str) -> Sequence[Text]:
        return lines.change_cells(self._changes[key], self.app.theme_variables)


def _read(paths: Paths, task_id: str) -> tuple[Task, list[Checkpoint]]:
    with closing(Client(paths)) as door:
        task = door.task(task_id)
        return task, door.checkpoints.of(task, limit=KEPT)


def _differences(paths: Paths, before: str, after: str | None) -> list[lines.Change]:
    with closing(Client(paths)) as door:
        checkpoints = door.checkpoints
        found = checkpoints.diff(
            checkpoints.get(before),
            checkpoints.get(after) if after else None,
            lambda stage, done, total: None,
        )
    changes = []
    for sign, differences in (("A", found.added), ("M", found.changed), ("D", found.deleted)):
        for each in differences:
            old, new = (side.size if side else 0 for side in (each.before, each.after))
            changes.append(lines.Change(sign, each.path, new - old))
    return changes


def _file_text(paths: Paths, before: str, after: str | None, path: str) -> str:
    with closing(Client(paths)) as door:
        checkpoints = door.checkpoints
        found = checkpoints.text_diff(
            checkpoints.get(before), checkpoints.get(after) if after else None, path
        )
    if found.binary:
        return "It is not text."
    return (
        "It is too big to be compared line by line."
        if found.too_big
        else found.text or "Only its mode or time differs."
    )
