"""One task: what it is and how it stands, its history, its cost, what was asked of it and is remembered for it."""

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

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Owner, Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.lines_screen import LinesScreen
from parhelia_tui.screens.task_acts import in_words
from parhelia_tui.screens.task_lines import PAGES, About
from parhelia_tui.widgets.bar import Bar, Part
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane

LOOK_EVERY_S = 0.5
EVENTS_KEPT = 1000
APPROVALS_KEPT = 50


class TaskDetailsScreen(LinesScreen):
    """Pages of lines, followed as long as they are open.

    Args:
        client: names the state directory; questions run in threads with clients of their own.
        task: whose.
        clock: gives epoch seconds.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right", "turn(1)", "next page"),
        Binding("shift+tab,left", "turn(-1)", "page before"),
        *(Binding(str(number), f"page({number - 1})", name) for number, (name, _) in enumerate(PAGES, 1)),
        Binding("e", "edit_memory", "edit the memory"),
        Binding("d", "app.pop_screen", "back"),
    ]
    DEFAULT_CSS = """
    TaskDetailsScreen Bar { background: $panel; }
    TaskDetailsScreen LineView { padding: 0 1; }
    """

    def __init__(self, client: Client, task: Task, clock: Callable[[], float] = time.time) -> None:
        super().__init__(LineView(id="about"))
        self._paths, self._owner = client.paths, client.owner
        self._clock = clock
        self._task_id = task.id
        self._about: About | None = None
        self._page = 0
        self.pane = Pane(one_line(task.slug, 60), self.lines, "about-pane")
        self.tabs, self.notice = Bar(gap=2, id="tabs"), Notice(id="notice")

    def compose(self) -> ComposeResult:
        """The names of the pages, then one of them."""
        yield self.tabs
        yield self.notice
        self.pane.border_subtitle = (
            "Esc back   Tab next page   e edit the memory   g first line   G last line"
        )
        yield self.pane

    def on_mount(self) -> None:
        """Read it, and again as long as this is open."""
        self._name_pages()
        self.run_worker(self._follow(), exclusive=True)

    async def _follow(self) -> None:
        while True:
            try:
                found = await asyncio.to_thread(_read, self._paths, self._task_id)
                self.notice.trouble("", self._clock())
                self._about = found
                self._draw()
            except ParheliaError as error:
                self.notice.trouble(in_words(error), self._clock())
            await asyncio.sleep(LOOK_EVERY_S)

    def _draw(self) -> None:
        if self._about is not None:
            _, lines = PAGES[self._page]
            self.lines.show_lines(lines(self._about, self.app.theme_variables, self._clock()))

    def _name_pages(self) -> None:
        colours = self.app.theme_variables
        self.tabs.show(
            [
                Part(
                    Text(
                        f"{number} {name}",
                        Style(bold=True, color=colours.get("primary"), reverse=True)
                        if number == self._page + 1
                        else Style(color=colours.get("secondary")),
                    )
                )
                for number, (name, _) in enumerate(PAGES, 1)
            ]
        )

    def action_page(self, number: int) -> None:
        """Show a page, from its beginning."""
        self._page = number
        self._name_pages()
        self._draw()
        self.action_jump(0)

    def action_edit_memory(self) -> None:
        """Change what the next session of its project is told."""
        about = self._about
        if about is None or not about.task.project:
            self.notice.say("Nothing is remembered for a workspace of its own alone.", self._clock())
            return
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
            await asyncio.to_thread(_remember, self._paths, self._owner, project, text)
        except ParheliaError as error:
            # What was typed is not lost for a reason that can be mended, as that it is too long.
            self._edit(project, text, in_words(error))
            return
        self.notice.say("The next session is told so." if text.strip() else "It is forgotten.", self._clock())

    def action_turn(self, by: int) -> None:
        """Show the next page or the one before."""
        self.action_page((self._page + by) % len(PAGES))


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
        )


def _remember(paths: Paths, owner: Owner, project: str, text: str) -> None:
    """Put a text in the place of what is remembered of a project. Raises E100, E500."""
    with closing(Client(paths, owner)) as door:
        if text.strip():
            door.remember(project, text)
        else:
            door.forget_memory(project)
