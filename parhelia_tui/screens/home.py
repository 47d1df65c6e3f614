"""The home screen: tasks, containers, heartbeats, budget, events and the live terminal of the chosen task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from parhelia_tui.core.client import Client, FleetChange, FleetSnapshot
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.screens import home_lines
from parhelia_tui.screens.calls import Calls
from parhelia_tui.screens.fleet_view import BEATS_KEPT
from parhelia_tui.screens.heartbeats import beat_line
from parhelia_tui.screens.home_keys import KEYS
from parhelia_tui.screens.home_panes import NARROW
from parhelia_tui.screens.home_tables import HomeTables
from parhelia_tui.screens.possible import why_not
from parhelia_tui.screens.reading import heartbeats_of
from parhelia_tui.screens.task_acts import TaskActs, in_words
from parhelia_tui.screens.terminal_pane import TerminalPane
from parhelia_tui.widgets.bar import Bar
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.typed_line import TypedLine

if TYPE_CHECKING:
    from parhelia_tui.screens.inbox import InboxScreen

WIDE = 190
"""Columns from which the terminal stands at the right."""
START_AFTER_S, START_AGAIN_S = 1.0, 15.0
"""Seconds until a controller that is needed and not there is started, and until that is tried again."""
EMPTY = """No tasks yet.

Press n and type a command: it runs in a container of its own.
parhelia demo starts a small fleet to look at."""


class HomeScreen(HomeTables):
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
        (WIDE, "-wide"),
    ]
    CSS_PATH = "home.tcss"

    def __init__(
        self,
        client: Client,
        first: FleetSnapshot,
        look: Dashboard,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(client, first, look)
        self._first = first
        self.clock = clock
        self._expected = ""
        self._calls: Calls | None = None
        self._inbox: InboxScreen | None = None
        self.acts = TaskActs(self, client)
        self._start_at: float | None = None
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
        self.top, self.fold = Bar(id="top"), Bar(id="fold")
        self.notice, self.bottom = Notice(id="notice"), Bar(gap=2, id="bottom")
        self.filter_line = TypedLine("/", "words, or state:running agent:claude !batch:b1", id="filter")

    def compose(self) -> ComposeResult:
        """Bars at top and bottom, the panes between."""
        yield self.top
        yield self.fold
        yield self.notice
        with Vertical(id="body"):
            with Horizontal(id="upper"):
                with Vertical(id="left"):
                    yield from self.panes[:2]
                with Vertical(id="right"):
                    yield from self.panes[2:5]
            yield self.terminal
        yield self.filter_line
        yield self.bottom

    def on_mount(self) -> None:
        """Draw the first fleet, then follow it."""
        self.bring_front(0)
        self._draw()
        self.set_interval(1.0, self._tick)
        self._follow()

    # Following

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Take every change; when the store cannot be read say so, and go on when it can."""
        async with self.client.watch(self._first) as watcher:
            self._load_beats()
            while True:
                try:
                    async for change in watcher:
                        self.fleet.apply(change)
                        self.notice.trouble("", self.clock())
                        self._draw()
                        self._call(change)
                except ParheliaError as error:
                    self.notice.trouble(in_words(error), self.clock())

    def _call(self, change: FleetChange) -> None:
        """Call once for each change that somebody has to know of, and let the inbox show who waits."""
        if self._calls is None:
            self._calls = Calls(self.app, self.client)
        self._calls.take(change.events, self.fleet)
        if self._inbox is not None and self._inbox.is_attached:
            self._inbox.fleet_changed()

    @work(exclusive=True, group="beats")
    async def _load_beats(self) -> None:
        """Read the heartbeats of the past, once."""
        ids = self.fleet.container_keys()
        try:
            found = await asyncio.to_thread(heartbeats_of, self.client.paths, ids, BEATS_KEPT)
        except ParheliaError:
            # The watcher meets the same trouble and says it.
            return
        for container_id, beats in found.items():
            if container_id in self.fleet.containers:
                self.fleet.take_history(container_id, beats)
        self.heartbeats.refresh()

    def _tick(self) -> None:
        """Once a second: what counts on. Only what is in sight is made anew."""
        self.fleet.at = self.clock()
        for pane in (self.tasks, self.containers, self.heartbeats):
            pane.refresh()
        self.top.show(home_lines.top(self.fleet, self._colours))
        self.notice.pass_time(self.fleet.at)
        self._see_to_controller()

    def _see_to_controller(self) -> None:
        """Start a controller for work that nobody watches: no heartbeat is judged, and the queue stands."""
        now = self.fleet.at
        if self.fleet.watched or not self.fleet.has_work:
            self._start_at = None
        elif self._start_at is None:
            # It may be about to start by itself, or to leave and be followed by another.
            self._start_at = now + START_AFTER_S
        elif now >= self._start_at:
            self._start_at = now + START_AGAIN_S
            self.acts.wish(lambda door: door.ensure_controller())

    # Drawing

    @property
    def _colours(self) -> dict[str, str]:
        return self.app.theme_variables

    def _draw(self) -> None:
        fleet, colours = self.fleet, self._colours
        self._draw_tasks()
        self._draw_containers()
        self.top.show(home_lines.top(fleet, colours))
        self.fold.show(home_lines.fold(fleet, colours))
        self.budget.show_lines(home_lines.budget(fleet, colours))
        self.history.show(
            len(fleet.events),
            lambda index, width: home_lines.event_line(fleet, fleet.events[index], colours, width),
        )
        self._chosen_changed()

    def _draw_tasks(self) -> None:
        keys, wanted = self.fleet.task_keys(), self.fleet.filter
        none = f"No task has {one_line(wanted, 60)}.\n\nEsc shows all again." if wanted else EMPTY
        self.tasks.set_keys(keys, none)
        if self._expected and self._expected in keys:
            self.tasks.select(self._expected)
            self._expected = ""
        shown = f"{len(keys)} of {len(self.fleet.tasks)}: {wanted}" if wanted else str(len(keys))
        self.panes[0].head(f"Tasks ▪ {shown}")

    def _draw_containers(self) -> None:
        fleet, colours = self.fleet, self._colours
        keys = fleet.container_keys()
        self.containers.set_keys(keys, "None runs.")
        self.panes[1].head(f"Containers ▪ {len(keys)}")
        self.heartbeats.show(
            len(keys),
            lambda index, width: beat_line(fleet, fleet.containers[keys[index]], colours, width),
        )

    def redraw_tables(self) -> None:
        """Draw the rows of both tables anew."""
        self._draw_tasks()
        self._draw_containers()
        self._chosen_changed()

    def _keys(self) -> list[Binding]:
        """The keys to show that do something now."""
        task = self.chosen
        return [each for each in KEYS if each.show and not why_not(each.action, task)]

    def say(self, text: str) -> None:
        """Show a notice for some seconds, on the inbox too where that lies over this."""
        self.notice.say(text, self.clock())
        if self._inbox is not None:
            self._inbox.say(text)

    # The chosen task

    @property
    def chosen(self) -> Task | None:
        """The task that keys act on: that of the row under the cursor, in the table that has the focus."""
        if self.containers.has_focus and self.containers.key is not None:
            return self.fleet.tasks.get(self.fleet.containers[self.containers.key].task_id)
        return self.fleet.tasks.get(self.tasks.key or "")

    def _chosen_changed(self) -> None:
        self.terminal.follow(self.chosen, self.fleet.at)
        self.bottom.show([home_lines.key(each, self._colours) for each in self._keys()])

    def on_row_table_highlighted(self) -> None:
        """Another task: another terminal, other keys."""
        self._chosen_changed()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The focus went to another pane, by key or by mouse."""
        self.focus_went_to(event.widget)
        self._chosen_changed()

    async def on_row_table_opened(self) -> None:
        """Enter on a row: its terminal, or what it printed; of a group its parts."""
        if self.chosen is not None and self.chosen.is_group:
            self.filter_line.put(f"group:{self.chosen.id}")
            self._filter()
            return
        await self.run_action("log" if why_not("attach", self.chosen) else "attach")

    async def on_terminal_view_opened(self) -> None:
        """Enter in the terminal: into it."""
        await self.on_row_table_opened()

    def expect(self, task_id: str) -> None:
        """Choose a task as soon as it is there; what hides it goes."""
        if self.fleet.filter:
            self.action_calm()
        self._expected = task_id
        self._draw_tasks()

    # Keys

    def _possible(self, action: str) -> Task | None:
        """Give the chosen task if this key does something for it, else say why it does not."""
        task = self.chosen
        reason = why_not(action, task)
        if reason:
            self.say(reason[0].upper() + reason[1:] + ".")
        return None if reason else task

    def action_new(self) -> None:
        """Ask for a new task."""
        self.acts.new()

    async def action_attach(self) -> None:
        """Hand the whole terminal to the task until it is left."""
        if task := self._possible("attach"):
            # Nothing is to be read or drawn while the terminal is somebody else's.
            await self.terminal.let_go()
            self.acts.attach(task)
            self._chosen_changed()

    def action_inbox(self) -> None:
        """Show who waits for a person; whoever goes to a terminal from there comes back to it."""

        from parhelia_tui.screens.inbox import InboxScreen

        def left(task_id: str | None) -> None:
            self._inbox = None
            if task_id is not None:
                self.run_worker(self._attach_from_inbox(task_id), group="attach", exclusive=True)

        self._inbox = InboxScreen(self.client, self.fleet, self.clock, self.acts.tell)
        self.app.push_screen(self._inbox, left)

    async def _attach_from_inbox(self, task_id: str) -> None:
        task = self.fleet.tasks.get(task_id)
        reason = why_not("attach", task)
        if task is None or reason:
            self.say(reason)
            return
        await self.terminal.let_go()
        self.action_inbox()
        self.acts.attach(task)
        self._chosen_changed()

    def action_tell(self) -> None:
        """Tell the task something."""
        if task := self._possible("tell"):
            self.acts.tell(task)

    def action_cancel(self) -> None:
        """Cancel the task, after a question."""
        if task := self._possible("cancel"):
            self.acts.cancel(task)

    def action_retry(self) -> None:
        """Try the task again."""
        if task := self._possible("retry"):
            self.acts.wish(lambda door: door.retry_task(task.id))

    def action_log(self) -> None:
        """Show what the task printed."""
        if task := self._possible("log"):
            self.acts.log(task)

    def action_details(self) -> None:
        """Show all about the task, or about the container where those have the focus."""
        if self.containers.has_focus and self.containers.key is not None:
            self.open_about(None, self.containers.key)
            return
        if task := self._possible("details"):
            self.acts.details(task)

    def action_checkpoint(self) -> None:
        """Take a checkpoint of the task."""
        if task := self._possible("checkpoint"):
            self.acts.checkpoint(task)

    def action_checkpoints(self) -> None:
        """Show the checkpoints of the task."""
        if task := self._possible("checkpoints"):
            self.acts.checkpoints(task)

    def action_wall(self) -> None:
        """Show the terminals of all running tasks."""
        from parhelia_tui.screens.wall import WallScreen

        chosen = self.chosen
        self.app.push_screen(WallScreen(self.client, self.fleet, chosen.id if chosen else "", self.clock))

    def action_history(self) -> None:
        """Show the history."""
        from parhelia_tui.screens.events import EventsScreen

        self.app.push_screen(EventsScreen(self.client, self.open_about, self.travel, self.clock))

    def open_about(self, task_id: str | None, container_id: str | None) -> None:
        """Show a task, or a container where no task is named."""
        from parhelia_tui.screens.container import ContainerScreen

        task = self.fleet.tasks.get(task_id or "")
        if task is not None:
            self.acts.details(task)
        elif container_id is not None:
            self.app.push_screen(ContainerScreen(self.client, self.fleet, container_id, self.clock))

    def action_past(self) -> None:
        """Show the whole dashboard at a moment that is over."""
        self.travel(self.clock())

    def travel(self, at: float) -> None:
        """Show the dashboard as it was at a moment (epoch seconds)."""
        from parhelia_tui.screens.time_travel import TimeTravelScreen

        self.app.push_screen(
            TimeTravelScreen(self.client, at, self._task_columns, self._container_columns, self.clock)
        )

    def action_budget(self) -> None:
        """Raise the budget of the task, or stop its spending."""
        if task := self._possible("budget"):
            self.acts.budget(task)

    def action_hosts(self) -> None:
        """Show whom the task's container called."""
        if task := self._possible("hosts"):
            self.acts.hosts(task, self.clock)

    def action_filter(self) -> None:
        """Type words that a task must have."""
        self.bring_front(0)
        self.filter_line.begin()

    def take_key(self, event: events.Key) -> bool:
        """Take a letter while there is typing; otherwise it is a key of this screen."""
        taken = self.filter_line.typing and self.filter_line.take(event)
        if taken:
            self._filter()
        return taken

    def on_paste(self, event: events.Paste) -> None:
        """Pasted words to filter by; nothing else here takes any."""
        if self.filter_line.typing:
            self.filter_line.paste(event.text)
            self._filter()

    def _filter(self) -> None:
        self.fleet.set_filter(self.filter_line.text)
        self._draw_tasks()
        self._chosen_changed()

    def action_calm(self) -> None:
        """Clear the filter, leave the zoom, take the notice away."""
        self.filter_line.clear()
        self._filter()
        self.leave_zoom()
        self.say("")

    async def action_command(self) -> None:
        """Type a command; one that needs the terminal gets it whole."""
        self.acts.command()

    def action_help(self) -> None:
        """Show every key of this screen."""
        from parhelia_tui.screens.help import HelpScreen

        task = self.chosen
        self.app.push_screen(HelpScreen(KEYS, lambda action: why_not(action, task)))

    def commands(self) -> Iterator[SystemCommand]:
        """The keys that do something now, for the palette."""
        for each in self._keys():
            act = partial(self.run_action, each.action)
            yield SystemCommand(each.description.capitalize(), each.tooltip, act)

    def dress(self) -> None:
        """Draw everything in the colours of another theme."""
        self._draw()
        self.refresh(layout=True)
