"""The home screen: tasks, containers, heartbeats, budget, events and the live terminal of the chosen task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.timer import Timer

from parhelia_tui.core.client import Client, FleetChange, FleetSnapshot
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens import budget_lines, home_lines, pane_order
from parhelia_tui.screens.calls import Calls
from parhelia_tui.screens.fleet_view import BEATS_KEPT
from parhelia_tui.screens.heartbeats import beat_line
from parhelia_tui.screens.home_acts import HomeActs
from parhelia_tui.screens.home_keys import KEYS
from parhelia_tui.screens.home_panes import HEIGHTS, NARROW
from parhelia_tui.screens.possible import why_not
from parhelia_tui.screens.reading import heartbeats_of, older_tasks
from parhelia_tui.screens.task_acts import in_words
from parhelia_tui.screens.terminal_pane import TerminalPane
from parhelia_tui.widgets.bar import Bar
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import MARK
from parhelia_tui.widgets.two_sides import TwoSides
from parhelia_tui.widgets.typed_line import TypedLine

if TYPE_CHECKING:
    pass

START_AFTER_S, START_AGAIN_S = 1.0, 15.0
"""Seconds until a controller that is needed and not there is started, and until that is tried again."""
PIECE = 400
"""Tasks of the past that are read at once; taking them in may not hold up a key."""
DRAW_OLDER_S = 0.25
PACE_S = 0.08
"""Seconds from one drawing of changes to the next."""
EMPTY = """No tasks yet.

Press n and type a command: it runs in a container of its own.
parhelia demo starts a small fleet to look at."""


class HomeScreen(HomeActs):
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
        super().__init__(client, first, look, clock)
        self._first = first
        self._expected = ""
        self._calls: Calls | None = None
        self._start_at: float | None = None
        self._drawn_at = 0.0
        self._draw_later: Timer | None = None
        self._come: list[FleetChange] = []
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

    def on_mount(self) -> None:
        """Draw the first fleet, then follow it."""
        self.bring_front(pane_order.shown(self.view)[0])
        self._draw()
        self.set_interval(1.0, self._tick)
        self._follow()

    # Following

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Take every change; when the store cannot be read say so, and go on when it can."""
        async with self.client.watch(self._first) as watcher:
            self._load_beats()
            self._read_older()
            while True:
                try:
                    async for change in watcher:
                        self.notice.trouble("", self.clock())
                        self._come.append(change)
                        self._draw_soon()
                except ParheliaError as error:
                    self.notice.trouble(in_words(error), self.clock())

    def _call(self, change: FleetChange) -> None:
        """Call once for each change that somebody has to know of, and let the inbox show who waits."""
        if self._calls is None:
            self._calls = Calls(self.app, self.client)
        self._calls.take(change.events, self.fleet)
        if self._inbox is not None and self._inbox.is_attached:
            self._inbox.fleet_changed()

    @work(exclusive=True, group="older")
    async def _read_older(self) -> None:
        """Read the tasks that the first frame did without, beside what goes on."""
        than, drawn = None, self.clock()
        while True:
            try:
                piece = await asyncio.to_thread(older_tasks, self.client.paths, than, PIECE)
            except ParheliaError:
                # The watcher meets the same trouble and says it.
                await asyncio.sleep(1.0)
                continue
            if not piece:
                break
            than = piece[-1].created_at, piece[-1].id
            self.fleet.take_older(piece)
            if not 0 <= self.clock() - drawn < DRAW_OLDER_S:
                drawn = self.clock()
                self._draw_tasks()
        self.fleet.all_read()
        self._draw_tasks()

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
            pane.refresh_aged()
        self.top.show(home_lines.top(self.fleet, self._colours))
        self.notice.pass_time(self.fleet.at)
        self._see_to_controller()

    def _see_to_controller(self) -> None:
        """Start a controller for work that nobody watches: no heartbeat is judged, and the queue stands."""
        now = self.fleet.at
        if self.fleet.watched or not self.fleet.has_work or is_read_only():
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

    def _draw_soon(self) -> None:
        """Draw what changed: at once after a pause, and not more often than eyes see where changes come in dense."""
        left = self._drawn_at + PACE_S - time.monotonic()
        if left <= 0:
            self._take_changes()
        elif self._draw_later is None:
            self._draw_later = self.set_timer(left, self._take_changes)

    def _take_changes(self) -> None:
        """Take over what has come, and draw it: what is drawn is never older than what is known here."""
        come, self._come = self._come, []
        for change in come:
            self.fleet.apply(change)
        self._draw()
        for change in come:
            self._call(change)

    def _draw(self) -> None:
        if self._draw_later is not None:
            self._draw_later.stop()
            self._draw_later = None
        self._drawn_at = time.monotonic()
        fleet, colours = self.fleet, self._colours
        self._draw_tasks()
        self._draw_containers()
        self.top.show(home_lines.top(fleet, colours))
        self.fold.show(home_lines.fold(fleet, colours))
        self.budget.show_lines(budget_lines.budget(fleet, colours))
        self.history.show(
            len(fleet.events),
            lambda index, width: home_lines.event_line(fleet, fleet.events[index], colours, width),
            lambda index: fleet.events[index],
        )
        self.chosen_changed()

    def _draw_tasks(self) -> None:
        keys, wanted = self.fleet.task_keys(), self.fleet.filter
        none = f"No task has {one_line(wanted, 60)}.\n\nEsc shows all again." if wanted else EMPTY
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
        marked = f" ▪ {MARK} {len(self.marked_tasks)} marked" if self.marked else ""
        self.panes[0].head(f"Tasks ▪ {shown}{marked}")
        self.show_marks()

    def _draw_containers(self) -> None:
        fleet, colours = self.fleet, self._colours
        keys = fleet.container_keys()
        self.containers.set_keys(keys, "None runs.")
        self.panes[1].head(f"Containers ▪ {len(keys)}")
        self.heartbeats.show(
            len(keys),
            lambda index, width: beat_line(fleet, fleet.containers[keys[index]], colours, width),
            lambda index: self._container_origin(keys[index]),
        )

    def redraw_tables(self) -> None:
        """Draw the rows of both tables anew."""
        self._draw_tasks()
        self._draw_containers()
        self.chosen_changed()

    def say(self, text: str) -> None:
        """Show a notice for some seconds, on the inbox too where that lies over this."""
        self.notice.say(text, self.clock())
        if self._inbox is not None:
            self._inbox.say(text)

    # The chosen task

    def chosen_changed(self) -> None:
        """Show its terminal, and the keys that do something for it."""
        self.terminal.follow(self.chosen, self.fleet.at)
        self.bottom.show([home_lines.key(each, self._colours) for each in self._keys()])

    def on_row_table_highlighted(self) -> None:
        """Another task: another terminal, other keys."""
        self.chosen_changed()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The focus went to another pane, by key or by mouse."""
        self.focus_went_to(event.widget)
        self.chosen_changed()

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
        if self.fleet.filter or self.fleet.faults_only:
            self.action_calm()
        self._expected = task_id
        self._draw_tasks()

    # Keys

    def action_filter(self) -> None:
        """Type words that a task must have."""
        self.run_worker(self.fleet.warm(), group="warm", exclusive=True)
        self.bring_front("tasks")
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
        self.chosen_changed()

    def show_only(self, wanted: str) -> None:
        """Show the tasks that fit a filter, which stands as if it were typed."""
        self.bring_front("tasks")
        self.filter_line.put(wanted)
        self._filter()

    def action_calm(self) -> None:
        """Clear the filter, leave the zoom, take the notice away; where there was neither, the marks too."""
        if self.fleet.faults_only:
            self.action_faults()
        elif not self.fleet.filter and not self.has_class("-zoomed") and not self.filter_line.typing:
            self.mark(set())
        self.filter_line.clear()
        self._filter()
        self.leave_zoom()
        self.say("")

    def commands(self) -> Iterator[SystemCommand]:
        """The keys that do something now, for the palette."""
        for each in self._keys():
            act = partial(self.run_action, each.action)
            yield SystemCommand(each.description.capitalize(), each.tooltip, act)

    def dress(self) -> None:
        """Draw everything in the colours of another theme."""
        self._draw()
        self.refresh(layout=True)
