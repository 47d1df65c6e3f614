"""What was known of a task at a moment that is over."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace

from rich.text import Text
from textual.app import ComposeResult

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.past_report import moment
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Approval, Attempt, Task
from parhelia_tui.core.model.states import ApprovalState, TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens import task_lines
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.lines_screen import LinesScreen
from parhelia_tui.screens.task_lines import About
from parhelia_tui.screens.wishing import in_words
from parhelia_tui.widgets.line_view import LineView

EVENTS_KEPT = 1000


class PastTaskScreen(LinesScreen):
    """Lines about a task, as it was.

    Args:
        paths: the state directory; it is read in a thread.
        task: as it was then.
        at: the moment, in epoch seconds.
    """

    DEFAULT_CSS = """
    PastTaskScreen Pane { border: heavy $accent; padding: 0 1; }
    """

    TABLE = "past_task"

    def __init__(self, paths: Paths, task: Task, at: float) -> None:
        super().__init__(LineView(id="past-about"))
        self._paths = paths
        self._was = task
        self._at = at

    @property
    def crumb(self) -> str:
        """Which task it is."""
        return f"task {self._was.id}"

    def compose(self) -> ComposeResult:
        """The lines, in a frame that says when."""
        head = f"THE PAST ▪ {moment(self._at)} ▪ {one_line(self._was.slug, 60)}"
        yield self.framed("Task", "past-task", head)

    def subject(self) -> Subject:
        """What is over cannot be acted on."""
        return Subject(closed="this is the past: nothing is acted on here")

    def on_mount(self) -> None:
        """Read it once: it does not change any more."""
        self.run_worker(self._load(), exclusive=True)

    async def _load(self) -> None:
        try:
            about = await asyncio.to_thread(_read, self._paths, self._was, self._at)
        except ParheliaError as error:
            self.lines.show_lines([Text(in_words(error))])
            return
        colours = self.app.theme_variables
        lines = task_lines.overview(about, colours, self._at)
        lines += [Text(), *task_lines.events(about, colours, self._at)]
        if about.entries:
            lines += [Text(), *task_lines.costs(about, colours, self._at)]
        self.lines.show_lines(lines)


def _read(paths: Paths, task: Task, at: float) -> About:
    with closing(Client(paths)) as door:
        return About(
            task,
            [_attempt(each, at) for each in door.attempts(task.id) if each.started_at <= at],
            door.events(task_id=task.id, to_at=at, limit=EVENTS_KEPT),
            [each for each in door.spendings(task.id) if each.at <= at],
            [_approval(each, at) for each in door.approvals.listed(task=task) if each.created_at <= at],
            None,
        )


def _attempt(each: Attempt, at: float) -> Attempt:
    """An attempt as it was."""
    if each.finished_at is not None and each.finished_at <= at:
        return each
    return replace(each, state=TaskState.RUNNING, reason="", exit_code=None, finished_at=None)


def _approval(each: Approval, at: float) -> Approval:
    """A question as it was."""
    ended = each.answered_at if each.answered_at is not None else each.finished_at
    if ended is not None and ended <= at:
        return each
    return replace(each, state=ApprovalState.PENDING, answered_by="", answered_at=None, finished_at=None)
