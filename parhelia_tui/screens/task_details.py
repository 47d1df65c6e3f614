"""One task: how it stands, its terminal, its talk, what it changed, its history, checkpoints, cost, prompt and memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Owner, Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens import task_lines
from parhelia_tui.screens.changes_tab import ChangesTab
from parhelia_tui.screens.checkpoints_tab import CheckpointsTab
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.lines_screen import LinesScreen
from parhelia_tui.screens.talk_tab import TalkTab
from parhelia_tui.screens.task_lines import About
from parhelia_tui.screens.task_tab import LinesTab, TaskTab
from parhelia_tui.screens.terminal_tab import TerminalTab
from parhelia_tui.screens.wishing import in_words, to_its_end
from parhelia_tui.widgets.bar import Bar, Part
from parhelia_tui.widgets.crumbs import BETWEEN
from parhelia_tui.widgets.keys_in_turn import OPENS
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane

LOOK_EVERY_S = 0.5
EVENTS_KEPT = 1000
APPROVALS_KEPT = 50
TABS = ("about", "terminal", "talk", "changes", "events", "checkpoints", "cost", "prompt", "memory")
ALL_NAMES_FROM = 105
"""Columns from which the names of all tabs have room."""


class TaskDetailsScreen(LinesScreen):
    """Tabs, followed as long as they are in front.

    Args:
        client: names the state directory; questions run in threads with clients of their own.
        task: whose.
        clock: gives epoch seconds.
        first: the tab that is in front at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right", "turn(1)", "next tab"),
        Binding("shift+tab,left", "turn(-1)", "tab before"),
        *(Binding(str(number), f"page({number - 1})", name) for number, name in enumerate(TABS, 1)),
        Binding("r", "again", "read again", tooltip="compare the workspace anew"),
        Binding("b", "branch", "make a branch", tooltip="what changed, as a branch of your repository"),
        Binding("e", "edit_memory", "edit the memory"),
        Binding("escape,q,d", "back", "back"),
    ]
    DEFAULT_CSS = """
    TaskDetailsScreen Bar { background: $panel; }
    TaskDetailsScreen LineView { padding: 0 1; }
    TaskDetailsScreen TaskTab { display: none; }
    TaskDetailsScreen TaskTab.-front { display: block; }
    """

    TABLE = "task"

    def __init__(
        self,
        client: Client,
        task: Task,
        clock: Callable[[], float] = time.time,
        first: str = "about",
    ) -> None:
        self._paths, self._owner = client.paths, client.owner
        self._clock = clock
        self._asked = task
        self._about: About | None = None
        self._first = TABS.index(first)
        self._page = -1
        self.tabs = self._make_tabs(client)
        super().__init__(LineView())
        self.names, self.notice = Bar(gap=2, id="tabs"), Notice(id="notice")
        self.pane = Pane(one_line(task.slug, 60), Vertical(*self.tabs), "about-pane")

    def _make_tabs(self, client: Client) -> tuple[TaskTab, ...]:
        clock = self._clock
        return (
            LinesTab(task_lines.overview, clock, "", "tab-about"),
            TerminalTab(client, clock, self.say, "tab-terminal"),
            TalkTab(client.paths, "tab-talk"),
            ChangesTab(client.paths, "tab-changes"),
            LinesTab(task_lines.events, clock, "", "tab-events"),
            CheckpointsTab(client, clock, "tab-checkpoints"),
            LinesTab(task_lines.costs, clock, "", "tab-cost"),
            LinesTab(task_lines.prompt, clock, "", "tab-prompt"),
            LinesTab(task_lines.memory, clock, "e edit", "tab-memory"),
        )

    @property
    def crumb(self) -> str:
        """Which task it is, and which tab is in front."""
        tab = f"{BETWEEN}{TABS[self._page].capitalize()}" if self._page >= 0 else ""
        return f"task {self._asked.id}{tab}"

    def compose(self) -> ComposeResult:
        """The names of the tabs, then one of them."""
        yield self.names
        yield self.notice
        yield self.pane

    async def on_mount(self) -> None:
        """Read it, and again as long as this is open."""
        await self.action_page(self._first)
        self.set_interval(1.0, lambda: self.notice.pass_time(self._clock()))
        self.run_worker(self._follow(), exclusive=True)

    async def _follow(self) -> None:
        while True:
            try:
                found = await asyncio.to_thread(_read, self._paths, self._asked.id)
                self.notice.trouble("", self._clock())
                self._about = found
                for tab in self.tabs:
                    tab.take(found)
            except ParheliaError as error:
                self.notice.trouble(in_words(error), self._clock())
            await asyncio.sleep(LOOK_EVERY_S)

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""
        self.notice.say(text, self._clock())

    @property
    def front(self) -> TaskTab:
        """The tab that is seen."""
        return self.tabs[self._page]

    def _name_tabs(self) -> None:
        colours = self.app.theme_variables
        narrow = self.size.width < ALL_NAMES_FROM
        self.names.show(
            [
                Part(
                    Text(
                        f"{number} {name}"
                        if not narrow or number == self._page + 1
                        else f"{number} {name[:4]}",
                        Style(bold=True, color=colours.get("primary"), reverse=True)
                        if number == self._page + 1
                        else Style(color=colours.get("secondary")),
                    )
                )
                for number, name in enumerate(TABS, 1)
            ]
        )
        own = f"{self.front.hint}   " if self.front.hint else ""
        own += self.own_hint()
        self.pane.border_subtitle = f"{own}Tab next tab   Esc back"

    def on_descendant_focus(self) -> None:
        """What has the focus may have a meaning for the key of an own command."""
        self.on_resize()

    def on_resize(self) -> None:
        """Another width has room for all names or not."""
        if self._page >= 0:
            self._name_tabs()

    async def action_page(self, number: int) -> None:
        """Bring a tab to the front."""
        if number == self._page:
            return
        if self._page >= 0:
            await self.front.leave()
        self._page = number
        for each in self.tabs:
            each.set_class(each is self.front, "-front")
        self._name_tabs()
        self.show_place()
        if isinstance(self.front.focused_part, LineView):
            self.lines = self.front.focused_part
        await self.front.come()
        self.front.focused_part.focus()

    async def action_turn(self, by: int) -> None:
        """Bring the next tab to the front, or the one before."""
        await self.action_page((self._page + by) % len(self.tabs))

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        if action == "again" and not isinstance(self.front, ChangesTab):
            return "what is seen here follows by itself; r reads the changes again"
        if action == "branch":
            if is_read_only():
                return "the dashboard is read-only"
            if not isinstance(self.front, ChangesTab):
                return "b makes a branch of what changed, on the tab changes"
            if self._about is None:
                return "it is not read yet"
        if action == "edit_memory":
            if is_read_only():
                return "the dashboard is read-only"
            if self._about is None:
                return "it is not read yet"
            if not self._about.task.project:
                return "nothing is remembered for a workspace of its own alone"
        return ""

    def subject(self) -> Subject:
        """The task is what a command of the user's own is for."""
        return self.subject_of(self._asked if self._about is None else self._about.task)

    def action_again(self) -> None:
        """Compare the workspace with its beginning anew."""
        if self.may("again") and isinstance(self.front, ChangesTab):
            self.front.read_again()

    def action_branch(self) -> None:
        """Ask whether what changed is to become a branch, and say what was done."""
        if self.may("branch") and self._about is not None:
            from parhelia_tui.screens.branch_act import ask_for_branch

            asks = ask_for_branch(self, self._paths, self._owner, self._about.task)
            self.run_worker(asks, name=OPENS, group="branch")

    def action_back(self) -> None:
        """Leave the older lines of the terminal, else this screen."""
        if not (isinstance(self.front, TerminalTab) and self.front.to_live()):
            self.app.pop_screen()

    def action_edit_memory(self) -> None:
        """Change what the next session of its project is told."""
        about = self._about
        if self.may("edit_memory") and about is not None and about.task.project:
            self._edit(about.task.project, about.memory.text if about.memory else "")

    def _edit(self, project: str, text: str, problem: str = "") -> None:
        from parhelia_tui.screens.edit_text import EditTextScreen

        def kept(changed: str | None) -> None:
            if changed is not None:
                self.run_worker(self._keep(project, changed))

        title = problem or f"What the next session in {one_line(project, 100)} is told"
        self.app.push_screen(EditTextScreen(title, text), kept)

    async def _keep(self, project: str, text: str) -> None:
        try:
            await to_its_end(_remember, self._paths, self._owner, project, text)
        except ParheliaError as error:
            # What was typed is not lost for a reason that can be mended, as that it is too long.
            self._edit(project, text, in_words(error))
            return
        self.say("The next session is told so." if text.strip() else "It is forgotten.")


def _read(paths: Paths, task_id: str) -> About:
    """Read all about a task. Raises E201, E500."""
    with closing(Client(paths)) as door:
        task = door.task(task_id)
        return About(
            task,
            door.attempts(task_id),
            door.events(task_id=task_id, limit=EVENTS_KEPT),
            door.spendings(task_id),
            door.approvals.listed(task=task, limit=APPROVALS_KEPT),
            door.memory(task.project) if task.project else None,
            door.step_of(task),
        )


def _remember(paths: Paths, owner: Owner, project: str, text: str) -> None:
    """Put a text in the place of what is remembered of a project. Raises E100, E500."""
    with closing(Client(paths, owner)) as door:
        if text.strip():
            door.remember(project, text)
        else:
            door.forget_memory(project)
