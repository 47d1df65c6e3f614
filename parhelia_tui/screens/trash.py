"""What lies in the trash: brought back by a key, or let go for good after a question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import age, length, money
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.wishing import in_words, wish
from parhelia_tui.widgets import look
from parhelia_tui.widgets.bar import Bar
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import MARK, Column, RowTable

LOOK_EVERY_S = 1.0
DAY_S = 86400.0
COLUMNS = (
    Column("STATE", 14),
    Column("TASK", 40, flexible=True),
    Column("AGENT", 6, rank=3),
    Column("COST", 7, rank=1, right=True),
    Column("LIES", 5, right=True),
    Column("GOES IN", 7, rank=2, right=True),
)
KEYS = (
    Binding("escape,q,U", "app.pop_screen", "back", key_display="Esc", tooltip="back to the fleet"),
    Binding("u", "bring_back", "bring back", tooltip="out of the trash again: the chosen one or all marked"),
    Binding(
        "delete",
        "purge",
        "delete",
        key_display="Del",
        tooltip="let it go for good, after a question: the chosen one or all marked",
    ),
    Binding("d", "details", "details", tooltip="all about it"),
    Binding("space", "mark", "mark", tooltip="mark it: u and Del act on all that are marked"),
    Binding("m", "mark_all", "mark all", tooltip="mark all, or none"),
)
EMPTY = "The trash is empty.\n\nD on the home screen puts an ended task here."


class TrashScreen(OverHome[None]):
    """Tasks that were put away, the newest first.

    Args:
        client: names the state directory; questions and wishes run in threads with clients of their own.
        clock: gives epoch seconds.
    """

    TABLE = "trash"
    crumb = "Trash"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    DEFAULT_CSS = "TrashScreen Bar { background: $panel; }"

    def __init__(self, client: Client, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._client = client
        self._clock = clock
        self._found: dict[str, Task] = {}
        self._kept_s = 0.0
        self._marked: set[str] = set()
        self.table = RowTable(COLUMNS, self._cells, id="trash", origin=lambda key: self._found[key])
        self.pane = Pane("Trash", self.table, "trash-pane")
        self.notice, self.bottom = Notice(id="notice"), Bar(gap=2, id="bottom")

    def compose(self) -> ComposeResult:
        """A line for words, the tasks, the keys."""
        yield self.notice
        yield self.pane
        yield self.bottom

    def on_mount(self) -> None:
        """Read it, and again as long as this is open."""
        self.table.focus()
        self.run_worker(self._follow(), group="follow", exclusive=True)

    async def _follow(self) -> None:
        while True:
            try:
                self._kept_s, found = await asyncio.to_thread(read, self._client.paths)
                self._show(found)
                self.notice.trouble("", self._clock())
            except ParheliaError as error:
                self.notice.trouble(in_words(error), self._clock())
            self.notice.pass_time(self._clock())
            await asyncio.sleep(LOOK_EVERY_S)

    def _show(self, found: Sequence[Task]) -> None:
        self._found = {each.id: each for each in found}
        self._marked &= self._found.keys()
        self.table.set_keys(list(self._found), EMPTY)
        self.table.refresh_aged()
        self._draw_marks()

    def _draw_marks(self) -> None:
        self.table.show_marks(self._marked)
        marked = f" ▪ {MARK} {len(self._marked)} marked" if self._marked else ""
        self.pane.head(f"Trash ▪ {len(self._found)}{marked}")
        self.bottom.show(self.shown_keys())

    def on_row_table_highlighted(self) -> None:
        """Another task: other keys."""
        self.bottom.show(self.shown_keys())

    def _cells(self, key: str) -> Sequence[Text]:
        task, now = self._found[key], self._clock()
        put_at = task.trashed_at or now
        left = put_at + self._kept_s - now
        return (
            look.state(task.state, self.app.theme_variables),
            Text(one_line(task.title, 300)),
            Text(one_line(task.agent, 40)),
            Text(money(task.cost_usd)),
            Text(age(put_at, now)),
            Text(length(left) if left > 0 else "now"),
        )

    # What keys do

    @property
    def _chosen(self) -> list[Task]:
        """Those that are marked, else the one under the cursor."""
        wanted = self._marked or {self.table.key or ""}
        return [task for name, task in self._found.items() if name in wanted]

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        if action in ("bring_back", "purge") and is_read_only():
            return "the dashboard is read-only"
        if action in ("bring_back", "purge", "details", "mark", "mark_all") and not self._found:
            return "the trash is empty"
        return ""

    def subject(self) -> Subject:
        """The task under the cursor, or those that are marked, are what a command of the user's own is for."""
        marked = tuple(task for name, task in self._found.items() if name in self._marked)
        return Subject(self._found.get(self.table.key or ""), marked=marked)

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""
        self.notice.say(text, self._clock())

    def action_bring_back(self) -> None:
        """Bring what is chosen back."""
        if not self.may("bring_back"):
            return
        ids, name = [each.id for each in self._chosen], _name(self._chosen)
        is_or_are = "is" if len(ids) == 1 else "are"
        wish(
            self,
            self._client,
            lambda door: door.untrash_tasks(ids),
            lambda _: self._done(f"{name} {is_or_are} back."),
        )

    def action_purge(self) -> None:
        """Let what is chosen go for good, after a question that says what is lost."""
        from parhelia_tui.screens.confirm import ConfirmScreen

        if not self.may("purge"):
            return
        ids, name = [each.id for each in self._chosen], _name(self._chosen)

        def gone(left: list[Task]) -> None:
            deleted = len(ids) - len(left)
            kept = f" {_name(left)} stays: a checkpoint is left of it." if left else ""
            self._done(f"{deleted} {'task is' if deleted == 1 else 'tasks are'} gone.{kept}")

        def answered(yes: bool | None) -> None:
            if yes:
                wish(self, self._client, lambda door: door.purge_tasks(ids), gone)

        their = "Its" if len(ids) == 1 else "Their"
        self.app.push_screen(
            ConfirmScreen(
                f"Delete {name} for good?",
                f"{their} prompt, attempts and answers are lost, and no key brings them back.\n"
                "Workspaces, branches and what it cost stay; so does a task of which a checkpoint is left.",
                "Delete for good",
                "Let it lie",
            ),
            answered,
        )

    def _done(self, said: str) -> None:
        self._marked = set()
        self.say(said)
        self.run_worker(self._follow(), group="follow", exclusive=True)

    def action_details(self) -> None:
        """Show all about the task under the cursor."""
        from parhelia_tui.screens.task_details import TaskDetailsScreen

        task = self._found.get(self.table.key or "")
        if self.may("details") and task is not None:
            self.app.push_screen(TaskDetailsScreen(self._client, task, self._clock))

    def on_row_table_opened(self) -> None:
        """Enter or a double click: all about it."""
        self.action_details()

    def action_mark(self) -> None:
        """Mark the task, or take its mark away, and go to the next."""
        if self.may("mark"):
            self._marked ^= {self.table.key or ""}
            self.table.action_move(1)
            self._draw_marks()

    def action_mark_all(self) -> None:
        """Mark all, or none where all are."""
        if self.may("mark_all"):
            self._marked = set() if len(self._marked) == len(self._found) else set(self._found)
            self._draw_marks()


def read(paths: Paths) -> tuple[float, list[Task]]:
    """Read how many seconds a task stays in the trash, and what lies there, the last one first."""
    with closing(Client(paths)) as door:
        found = sorted(door.tasks(trashed=True), key=lambda task: (-(task.trashed_at or 0.0), task.id))
        days = float(door.configuration()["retention.trash_days"]["value"])
        # Of a group its parts are there too; they come and go with it.
        there = {each.id for each in found}
        return days * DAY_S, [each for each in found if each.parent_id not in there]


def _name(tasks: Sequence[Task]) -> str:
    return f"“{one_line(tasks[0].title, 60)}”" if len(tasks) == 1 else f"{len(tasks)} tasks"
