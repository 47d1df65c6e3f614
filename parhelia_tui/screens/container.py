"""One container: its resources over time, its processes, whom it called, and what its supervisor wrote down."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import age
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Heartbeat
from parhelia_tui.core.model.states import CONTAINER_ENDED
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens import container_lines as made
from parhelia_tui.screens.container_reading import BEATS_KEPT, FRESH, Seen, read
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.home_panes import NARROW
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.possible import why_not
from parhelia_tui.screens.task_acts import TaskActs
from parhelia_tui.screens.wishing import in_words
from parhelia_tui.widgets.bar import Bar
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane

LOOK_EVERY_S = 1.0
SOON_S = 60.0
"""Seconds after which a look follows the last one too late for the few heartbeats that are read again."""
KEYS = (
    Binding("a", "attach", "attach", tooltip="attach to its terminal; Ctrl+Q leaves it again"),
    Binding("x", "terminate", "terminate", tooltip="end it, after a question"),
    Binding("h", "hosts", "hosts", tooltip="whom it called, whom it was denied; allow one"),
    Binding("d", "task", "task", tooltip="all about its task"),
    Binding("z", "zoom", "zoom", tooltip="the pane of the focus over everything, and back"),
    Binding("tab", "next_pane(1)", "next pane", key_display="Tab"),
    Binding("shift+tab", "next_pane(-1)", "pane before", show=False),
    Binding("question_mark", "help", "keys", key_display="?", tooltip="this list"),
    Binding("escape,q", "app.pop_screen", "back", key_display="Esc"),
)  # fmt: skip


class ContainerScreen(OverHome[None]):
    """Four panes, followed as long as they are open; on a narrow screen one at a time.

    Args:
        client: used from the app's thread for short questions; longer ones run in threads.
        fleet: kept up to date by the home screen below.
        container_id: whose.
        clock: gives epoch seconds.
    """

    TABLE = "container"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    DEFAULT_CSS = """
    ContainerScreen Bar { background: $panel; }
    ContainerScreen #facts { height: 2; padding: 0 1; }
    ContainerScreen #facts.-three { height: 3; }
    ContainerScreen Grid { height: 1fr; grid-size: 2 2; grid-rows: 3fr 2fr; }
    ContainerScreen .pane LineView { padding: 0 1; }
    ContainerScreen.-one Grid { grid-size: 1 1; grid-rows: 1fr; }
    ContainerScreen.-one .pane { display: none; }
    ContainerScreen.-one .pane.-front { display: block; }
    """

    def __init__(
        self,
        client: Client,
        fleet: FleetView,
        container_id: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._client = client
        self._paths: Paths = client.paths
        self._container_id = container_id
        self._seen: Seen | None = None
        self._beats: deque[Heartbeat] = deque(maxlen=BEATS_KEPT)
        self._read_at = float("-inf")
        self._front, self._zoomed = 0, False
        self.fleet = fleet
        self.clock = clock
        self.acts = TaskActs(self, client)
        self.facts = LineView(id="facts")
        self.resources, self.processes = LineView(id="resources"), LineView(id="processes")
        self.hosts, self.spool = LineView(id="called"), LineView(from_end=True, id="spool")
        self.panes = (
            Pane("Resources", self.resources, "resources-pane"),
            Pane("Processes", self.processes, "processes-pane"),
            Pane("Network", self.hosts, "network-pane"),
            Pane("Spool", self.spool, "spool-pane"),
        )
        self.notice, self.bottom = Notice(id="notice"), Bar(gap=2, id="bottom")

    @property
    def crumb(self) -> str:
        """Which container it is."""
        return f"container {self._container_id}"

    def compose(self) -> ComposeResult:
        """Facts, panes, keys."""
        self.facts.can_focus = False
        yield self.notice
        yield self.facts
        with Grid():
            yield from self.panes
        yield self.bottom

    def on_mount(self) -> None:
        """Read it, and again as long as this is open."""
        self._bring(0)
        self.run_worker(self._follow(), group="follow", exclusive=True)

    def on_resize(self, event: events.Resize) -> None:
        """Another size has room for four panes, or for one."""
        self._lay_out(event.size.width)
        self.call_after_refresh(self._draw_again)

    async def _follow(self) -> None:
        while True:
            try:
                # Nothing is read while somebody is attached, which may be for hours.
                began = self.clock()
                fresh = began - self._read_at < SOON_S
                seen = await asyncio.to_thread(
                    read, self._paths, self._container_id, FRESH if fresh else BEATS_KEPT
                )
                self._beats.extend(
                    each for each in seen.beats if not self._beats or each.seq > self._beats[-1].seq
                )
                self._seen, self._read_at = seen, began
                self.notice.trouble("", self.clock())
                self._draw()
                await self._draw_resources()
            except ParheliaError as error:
                self.notice.trouble(in_words(error), self.clock())
            self.notice.pass_time(self.clock())
            await asyncio.sleep(LOOK_EVERY_S)

    def _draw(self) -> None:
        seen = self._seen
        if seen is None:
            return
        colours, now = self.app.theme_variables, self.clock()
        title = one_line(seen.task.title, 100) if seen.task else "no task"
        self.panes[0].head(f"{seen.container.id} ▪ {title}")
        self.panes[1].head(f"Processes ▪ {len(seen.processes or ())}")
        self.panes[2].head(f"Network ▪ {seen.container.network}")
        self.facts.set_class(bool(seen.elsewhere), "-three")
        self.facts.show_lines(made.facts(seen.container, now, colours, seen.elsewhere))
        self.processes.show_lines(made.process_lines(seen.processes, colours))
        self.hosts.show_lines(made.network_lines(seen.hosts, seen.container, now, colours))
        self.spool.show_lines(made.spool_lines(seen.spool, colours))
        self.bottom.show(self.shown_keys())

    async def _draw_resources(self) -> None:
        seen = self._seen
        if seen is None:
            return
        until = self.clock() if seen.container.finished_at is None else seen.container.finished_at
        # A day of heartbeats takes longer than a frame may.
        lines = await asyncio.to_thread(
            made.resources, tuple(self._beats), until, self.resources.size.width, self.app.theme_variables
        )
        self.resources.show_lines(lines)

    def _draw_again(self) -> None:
        self._draw()
        self.run_worker(self._draw_resources(), group="resources", exclusive=True)

    # Keys

    def why_not(self, action: str) -> str:
        """Say why a key does nothing now; empty where it does."""
        seen = self._seen
        if seen is None:
            return "it is not read yet" if action in ("attach", "terminate", "hosts", "task") else ""
        mine = seen.task is not None and seen.task.container_id == seen.container.id
        if action in ("attach", "hosts", "task") and seen.task is None:
            return "its task is not known any more"
        if action == "attach":
            return (
                why_not("attach", seen.task) if mine else "it has ended, and its task goes on in another one"
            )
        if action == "terminate" and seen.container.state in CONTAINER_ENDED:
            return f"the container is {seen.container.state} already"
        return ""

    def subject(self) -> Subject:
        """The container, and its task, are what a command of the user's own is for."""
        seen = self._seen
        if seen is None:
            return Subject(none="it is not read yet")
        return Subject(seen.task, None if seen.container.state in CONTAINER_ENDED else seen.container)

    def _possible(self, action: str) -> Seen | None:
        return self._seen if self.may(action) else None

    def action_attach(self) -> None:
        """Hand the whole terminal to its task until it is left."""
        if (seen := self._possible("attach")) and seen.task:
            self.acts.attach(seen.task)

    def action_terminate(self) -> None:
        """End the container, after a question that says what is lost."""
        from parhelia_tui.screens.confirm import ConfirmScreen

        seen = self._possible("terminate")
        if seen is None:
            return
        container_id = seen.container.id

        def answered(yes: bool | None) -> None:
            if yes:
                self.acts.wish(
                    lambda door: door.terminate_container(container_id),
                    lambda _: self.say(f"{container_id} is being ended."),
                )

        title = f"“{one_line(seen.task.title, 120)}” ends with it. " if seen.task else ""
        self.app.push_screen(
            ConfirmScreen(
                f"End the container {container_id}, {age(seen.container.created_at, self.clock())} old?",
                f"{title}Its {len(seen.processes or ()) or 'running'} processes are ended."
                "\nWhat lies in its workspace stays as it is.",
                "End it",
                "Let it be",
            ),
            answered,
        )

    def action_hosts(self) -> None:
        """Show whom it called, and allow a host."""
        from parhelia_tui.screens.hosts import HostsScreen

        seen = self._possible("hosts")
        if seen is None:
            return
        container_id = seen.container.id

        def allow(host: str) -> None:
            self.acts.wish(
                lambda door: door.allow_hosts(container_id, [host]),
                lambda _: self.say(f"{one_line(host, 60)} is allowed now."),
            )

        title = f"Hosts of {container_id} (network {seen.container.network})"
        self.app.push_screen(HostsScreen(self._client, container_id, title, allow, self.clock))

    def action_task(self) -> None:
        """Show all about its task."""
        if (seen := self._possible("task")) and seen.task:
            self.acts.details(seen.task)

    def action_next_pane(self, by: int) -> None:
        """Go to another pane."""
        self._bring((self._front + by) % len(self.panes))

    def action_zoom(self) -> None:
        """One pane over everything, and back."""
        self._zoomed = not self._zoomed
        self._lay_out(self.size.width)
        self.call_after_refresh(self._draw_again)

    def _bring(self, number: int) -> None:
        self._front = number
        self._lay_out(self.size.width)
        self.panes[number].inside.focus()

    def _lay_out(self, width: int) -> None:
        self.set_class(self._zoomed or width < NARROW, "-one")
        for number, pane in enumerate(self.panes):
            pane.set_class(number == self._front, "-front")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The focus went to another pane by mouse."""
        for number, pane in enumerate(self.panes):
            if event.widget is pane.inside and number != self._front:
                self._bring(number)

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""
        self.notice.say(text, self.clock())

    def expect(self, task_id: str) -> None:
        """Nothing is chosen here."""
