"""What the home screen shows: tasks, containers, heartbeats, budget, events and the live terminal of a task."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType

from parhelia_tui.core.client import Client, FleetSnapshot
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.core.settings.view_file import View
from parhelia_tui.screens import budget_lines, home_lines, pane_order
from parhelia_tui.screens.custom_acts import CustomActs
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.filter_terms import unknown_field
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.heartbeats import beat_line
from parhelia_tui.screens.home_keys import KEYS
from parhelia_tui.screens.home_panes import HEIGHTS, NARROW, HomePanes
from parhelia_tui.screens.home_tables import HomeTables
from parhelia_tui.screens.key_map import added, mapped, rebound
from parhelia_tui.screens.marked_acts import why_none
from parhelia_tui.screens.possible import FOR_MARKED, why_not
from parhelia_tui.screens.task_acts import TaskActs
from parhelia_tui.screens.terminal_pane import TerminalPane
from parhelia_tui.widgets.bar import Bar
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.painted_screen import PaintedScreen
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import MARK
from parhelia_tui.widgets.two_sides import TwoSides
from parhelia_tui.widgets.typed_line import TypedLine

if TYPE_CHECKING:
    from parhelia_tui.screens.inbox import InboxScreen

EMPTY = """No tasks yet.

Press n and type a command: it runs in a container of its own.
parhelia demo starts a small fleet to look at."""


class HomeView(PaintedScreen[None]):
    """Everything live on one screen.

    Args:
        client: used from the app's thread, for short questions and wishes.
        first: the fleet for the first frame.
        look: what is configured of the dashboard.
        clock: gives epoch seconds; what is shown of times is counted from it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 - Textual declares it so
        (0, "-narrow"),
        (NARROW, "-normal"),
    ]
    CSS_PATH = "home.tcss"

    def __init__(
        self,
        client: Client,
        first: FleetSnapshot,
        look: Dashboard,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.client, self.configured, self.clock = client, look, clock
        self.fleet, self.view = FleetView(first), client.last_view()
        self.acts = TaskActs(self, client)
        self.keys = mapped(KEYS, look.keys)
        if look.keys:
            self._bindings = rebound(self._bindings, KEYS, self.keys)
        self.custom = CustomActs(self, client.paths, client.custom_commands(look.keys))
        self._bindings = added(self._bindings, self.custom.bindings)
        self.inbox: InboxScreen | None = None
        """Lies over this, and is told what this is told."""
        self._writing_view = threading.Lock()
        self._expected = ""
        self._keys_shown: tuple[list[Binding], Mapping[str, str]] | None = None
        self.tables = HomeTables(self.fleet, lambda: self.app.theme_variables)
        self.tables.arrange(self.view, look)
        self.tasks, self.containers = self.tables.tasks, self.tables.containers
        self.heartbeats, self.budget = LineView(id="heartbeats"), LineView(id="budget")
        self.history = LineView(from_end=True, id="events")
        self.terminal = TerminalPane(client, "terminal-pane")
        self.panes = (
            Pane("Tasks", self.tasks, "tasks-pane"),
            Pane("Containers", self.containers, "containers-pane"),
            Pane("Heartbeats", self.heartbeats, "heartbeats-pane"),
            Pane("Budget", self.budget, "budget-pane"),
            Pane("Events", self.history, "events-pane"),
            self.terminal,
        )
        self.sides = TwoSides(dict(zip(pane_order.PANES, self.panes, strict=True)), HEIGHTS, id="body")
        self.places = HomePanes(self, self.sides, lambda: self.view, self.take_view)
        self.top, self.fold = Bar(id="top"), Bar(id="fold")
        self.notice, self.bottom = Notice(id="notice"), Bar(gap=2, id="bottom")
        self.filter_line = TypedLine("/", "words, or state:running agent:claude !batch:b1", id="filter")

    def compose(self) -> ComposeResult:
        """Bars at top and bottom, the panes between."""
        yield self.top
        yield self.fold
        yield self.notice
        yield self.sides
        yield self.filter_line
        yield self.bottom

    @property
    def colours(self) -> dict[str, str]:
        """Those of the theme."""
        return self.app.theme_variables

    def draw(self) -> None:
        """Draw all of it anew."""
        fleet, colours = self.fleet, self.colours
        # First: with the tasks go the marks of both tables, and a container that has ended has no line any more.
        self.draw_containers()
        self.draw_tasks()
        self.top.show(home_lines.top(fleet, colours))
        self.notice.warn(home_lines.trouble(fleet), self.clock())
        self._draw_fold()
        self.budget.show_lines(budget_lines.budget(fleet, colours))
        self.history.show(
            len(fleet.events),
            lambda index, width: home_lines.event_line(fleet, fleet.events[index], colours, width),
            lambda index: fleet.events[index],
        )
        self.chosen_changed()

    def _draw_fold(self) -> None:
        # Elsewhere it is not shown, and each container is counted for it.
        if self.size.width < NARROW:
            self.fold.show(home_lines.fold(self.fleet, self.colours))

    def draw_tasks(self) -> None:
        """Draw the table of the tasks."""
        keys, wanted = self.fleet.task_keys(), self.fleet.filter
        none = EMPTY
        if wanted:
            hint = unknown_field(wanted)
            none = f"No task has {one_line(wanted, 60)}.{f' {hint}' if hint else ''}\n\nEsc shows all again."
        if self.fleet.faults_only:
            none = "Nothing is wrong with any task.\n\nEsc shows all again."
        self.tasks.set_keys(keys, none)
        if self._expected and self._expected in keys:
            self.tasks.select(self._expected)
            self._expected = ""
        shown = (
            f"{len(keys)} of {self.fleet.known}: {wanted}"
            if wanted
            else str(max(len(keys), self.fleet.unread))
        )
        if self.fleet.faults_only:
            shown += " ▪ ! faults only"
        marked = f" ▪ {MARK} {len(self.tables.marked_tasks)} marked" if self.tables.marked else ""
        self.panes[0].head(f"Tasks ▪ {shown}{marked}")
        self.tables.show_marks()

    def draw_containers(self) -> None:
        """Draw the containers and their heartbeats."""
        fleet, colours = self.fleet, self.colours
        keys = fleet.container_keys()
        self.containers.set_keys(keys, "None runs.")
        self.panes[1].head(f"Containers ▪ {len(keys)}")
        self.heartbeats.show(
            len(keys),
            lambda index, width: beat_line(fleet, fleet.containers[keys[index]], colours, width),
            lambda index: self.tables.container_origin(keys[index]),
        )

    def redraw_tables(self) -> None:
        """Draw the rows of both tables anew."""
        self.draw_containers()
        self.draw_tasks()
        self.chosen_changed()

    def say(self, text: str) -> None:
        """Show a notice for some seconds, on the inbox too where that lies over this."""
        self.notice.say(text, self.clock())
        if self.inbox is not None:
            self.inbox.say(text)

    def dress(self) -> None:
        """Draw everything in the colours of another theme."""
        self.draw()
        self.refresh(layout=True)

    def take_view(self, view: View) -> None:
        """Show panes and tables in another way, and remember it."""
        self.view = view
        self.tables.arrange(view, self.configured)
        self.places.place()
        self.redraw_tables()
        self._keep_view()

    @work(exclusive=True, group="view")
    async def _keep_view(self) -> None:
        await asyncio.to_thread(self._write_view)

    def _write_view(self) -> None:
        # One after the other, each as it is then: one that is held up writes nothing older over the last.
        with self._writing_view:
            self.client.keep_view(self.view)

    def on_resize(self) -> None:
        """Another size may show other panes."""
        self.places.place()
        self._draw_fold()

    # What keys act on

    @property
    def chosen(self) -> Task | None:
        """The task that keys act on."""
        return self.tables.chosen

    @property
    def marked(self) -> list[Task]:
        """The tasks that are marked."""
        return self.tables.marked_tasks

    @property
    def chosen_container(self) -> Container | None:
        """The container under the cursor where the containers have the focus, else that of the chosen task."""
        if self.containers.has_focus and self.containers.key is not None:
            return self.fleet.containers.get(self.containers.key)
        task = self.chosen
        return self.fleet.containers.get((task and task.container_id) or "")

    def subject(self) -> Subject:
        """What a command of the user's own is for."""
        return Subject(self.chosen, self.chosen_container, tuple(self.marked))

    def chosen_changed(self) -> None:
        """Show its terminal, and the keys that do something for it."""
        self.follow_chosen()
        now = self.keys_now(), self.colours
        if now != self._keys_shown:
            self._keys_shown = now
            self.bottom.show([home_lines.key(each, self.colours) for each in now[0]])

    def on_row_table_highlighted(self) -> None:
        """Another task: another terminal, other keys."""
        self.chosen_changed()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The focus went to another pane, by key or by mouse."""
        self.places.focus_went_to(event.widget)
        self.chosen_changed()

    def mark(self, task_ids: set[str]) -> None:
        """Mark these tasks and no others."""
        self.tables.marked = task_ids
        self.redraw_tables()

    def follow_chosen(self) -> None:
        """Show the chosen task in the terminal, with what is known of it now above that."""
        task = self.chosen
        self.terminal.follow(task, self.fleet.at, self.fleet.step_of(task) if task else "")

    def keys_now(self) -> list[Binding]:
        """Give the keys to show that do something now."""
        return [each for each in self.keys if each.show and not self.why_not(each.action)]

    def commands(self) -> Iterator[SystemCommand]:
        """The keys that do something now, for the palette."""
        for each in self.keys:
            if (
                not (each.show or each.tooltip)
                or each.action.startswith("sort(")
                or self.why_not(each.action)
            ):
                continue
            act = partial(self.run_action, each.action)
            yield SystemCommand(each.description.capitalize(), each.tooltip, act)
        for action, custom in self.custom.possible(self.subject()):
            yield SystemCommand(custom.name, self.custom.about(custom), partial(self.run_action, action))

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        if self.custom.knows(action):
            return self.custom.why_not(action, self.subject())
        if action == "undo":
            return "" if self.acts.undo else "there is nothing to take back"
        marked = self.tables.marked_tasks
        if action in FOR_MARKED and marked:
            return why_none(action, marked)
        task = self.chosen
        return why_not(action, task, self.fleet.containers.get((task and task.container_id) or ""))

    # The filter

    def filter_tasks(self) -> None:
        """Show the tasks that fit what is typed."""
        self.fleet.set_filter(self.filter_line.text)
        self.draw_tasks()
        self.chosen_changed()

    def show_only(self, wanted: str) -> None:
        """Show the tasks that fit a filter, which stands as if it were typed."""
        self.places.bring_front("tasks")
        self.filter_line.put(wanted)
        self.filter_tasks()

    def keep_faults(self, *, on: bool) -> None:
        """Show only what something is wrong with, or all again."""
        self.fleet.keep_faults(on=on)
        self.places.bring_front("tasks")
        self.redraw_tables()

    def calm(self) -> None:
        """Clear the filter, leave the zoom, take the notice away; where there was neither, the marks too."""
        if self.fleet.faults_only:
            self.keep_faults(on=False)
        elif not self.fleet.filter and not self.places.zoomed and not self.filter_line.typing:
            self.mark(set())
        self.filter_line.clear()
        self.filter_tasks()
        self.places.leave_zoom()
        self.say("")

    def expect(self, task_id: str) -> None:
        """Choose a task as soon as it is there; what hides it goes."""
        if self.fleet.filter or self.fleet.faults_only:
            self.calm()
        self._expected = task_id
        self.draw_tasks()
