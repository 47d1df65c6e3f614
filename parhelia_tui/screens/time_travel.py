"""The whole dashboard at a moment that is over: scrubbed by keys, looked at, exported, and never acted on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.past import Past
from parhelia_tui.core.client.past_report import moment, read_moment, write
from parhelia_tui.core.model.display import length
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens import home_lines
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.home_panes import NARROW
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.past_panes import PastPanes
from parhelia_tui.screens.time_line import time_line
from parhelia_tui.screens.wishing import in_words, to_its_end
from parhelia_tui.widgets.bar import Bar, Part
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.row_table import RowTable

ACTING = "n,a,t,x,r,c,C,l,h,i,w,u,dollar_sign,delete"
"""Keys that act on the present elsewhere."""
KEYS = (
    Binding("left", "event(-1)", "event before", key_display="←"),
    Binding("right", "event(1)", "next event", key_display="→"),
    Binding("shift+left,left_square_bracket", "by(-60)", "minute back", key_display="["),
    Binding("shift+right,right_square_bracket", "by(60)", "minute on", key_display="]"),
    Binding("ctrl+left,less_than_sign", "end(0)", "first", key_display="<", tooltip="the first event that is known"),
    Binding("ctrl+right,greater_than_sign", "end(1)", "last", key_display=">", tooltip="the last event"),
    Binding("at", "moment", "moment", key_display="@", tooltip="type a moment"),
    Binding("e", "export", "export", tooltip="write this moment into a file, as Markdown or JSON"),
    Binding("tab", "next_pane(1)", "next pane", show=False),
    Binding("shift+tab", "next_pane(-1)", "pane before", show=False),
    Binding("question_mark", "help", "keys", key_display="?", tooltip="this list"),
    Binding("escape,q,T", "app.pop_screen", "back to now", key_display="Esc"),
)  # fmt: skip


class TimeTravelScreen(OverHome[None]):
    """Shows the fleet as it was.

    Args:
        client: names the state directory; questions run in threads with clients of their own.
        at: the first moment, in epoch seconds.
        columns, of_containers: names of the columns of the two tables.
        clock: gives epoch seconds of the present.
    """

    TABLE = "past"
    crumb = "The past"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS, Binding(ACTING, "off", "off", show=False)]
    DEFAULT_CSS = """
    TimeTravelScreen Bar { background: $panel; }
    TimeTravelScreen #past { background: $accent; color: $background; text-style: bold; }
    TimeTravelScreen .pane { border: round $accent 60%; height: 1fr; }
    TimeTravelScreen .pane:focus-within { border: heavy $accent; }
    TimeTravelScreen #left { width: 1fr; }
    TimeTravelScreen #right { width: 44; }
    TimeTravelScreen #past-tasks { height: 2fr; }
    TimeTravelScreen #past-budget { height: 7; }
    TimeTravelScreen.-narrow #right { display: none; }
    TimeTravelScreen.-narrow.-right #right { display: block; width: 1fr; }
    TimeTravelScreen.-narrow.-right #left { display: none; }
    """

    def __init__(
        self,
        client: Client,
        at: float,
        columns: Sequence[str],
        of_containers: Sequence[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._paths: Paths = client.paths
        self._clock = clock
        self._at = at
        self._moves: list[Callable[[Client, float], float]] = [lambda door, before: before]
        self._moved = asyncio.Event()
        self._moved.set()
        self.past: Past | None = None
        self._drawn = PastPanes(columns, of_containers, lambda: self.app.theme_variables)
        self.tasks, self.panes = self._drawn.tasks, self._drawn.panes
        self.mark, self.top, self.scrub = Bar(id="past"), Bar(id="top"), Bar(id="scrub")
        self.notice, self.bottom = Notice(id="notice"), Bar(gap=2, id="bottom")

    def compose(self) -> ComposeResult:
        """The mark of the past, the panes, the line of time, the keys."""
        yield self.mark
        yield self.top
        yield self.notice
        with Horizontal():
            with Vertical(id="left"):
                yield from self.panes[:2]
            with Vertical(id="right"):
                yield from self.panes[2:]
        yield self.scrub
        yield self.bottom

    def on_mount(self) -> None:
        """Go to the moment, and wherever keys lead."""
        self.tasks.focus()
        self.set_interval(1.0, lambda: self.notice.pass_time(self._clock()))
        self.run_worker(self._travel(), group="travel", exclusive=True)

    def on_resize(self, event: events.Resize) -> None:
        """On a narrow screen one side is seen at a time."""
        self.set_class(event.size.width < NARROW, "-narrow")
        self._go(lambda door, before: before)

    @property
    def fleet(self) -> FleetView | None:
        """The fleet as it was; None before it is read."""
        return self._drawn.fleet

    # Travelling

    def _go(self, move: Callable[[Client, float], float]) -> None:
        self._moves.append(move)
        self._moved.set()

    async def _travel(self) -> None:
        """Take the moves that came in the meantime together, so that a key that is held does not lag."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            moves, self._moves = self._moves, []
            try:
                found, density = await asyncio.to_thread(self._read, moves, max(10, self.size.width - 30))
            except ParheliaError as error:
                self.notice.trouble(in_words(error), self._clock())
                continue
            self.notice.trouble("", self._clock())
            self._at = found.fleet.at
            self._show(found, density)

    def _read(self, moves: list[Callable[[Client, float], float]], parts: int) -> tuple[Past, list[int]]:
        at = self._at
        with closing(Client(self._paths)) as door:
            for move in moves:
                at = move(door, at)
            found = door.past(min(at, self._clock()))
            return found, door.event_density(found.first, found.last, parts)

    def _show(self, found: Past, density: list[int]) -> None:
        colours = self.app.theme_variables
        self.past = found
        fleet = self._drawn.show(found)
        ago = length(max(0.0, self._clock() - fleet.at))
        self.mark.show([Part(Text(f"THE PAST ▪ {moment(fleet.at)} ▪ {ago} ago ▪ Esc goes back to now"))])
        self.top.show(home_lines.top(fleet, colours))
        self.scrub.show([Part(time_line(found.first, found.last, fleet.at, density, colours))])
        self.bottom.show(self.shown_keys())

    # Keys

    def action_event(self, by: int) -> None:
        """Go to the next event, or to the one before."""
        # A key that is held is taken before the one before it has been shown.
        if self._moves or self._moved.is_set() or self.may(f"event({by})"):
            self._go(lambda door, at: _or(door.moment_beside(at, later=by > 0), at))

    def action_by(self, seconds: float) -> None:
        """Go so many seconds on, or back."""
        self._go(lambda door, at: at + seconds)

    def action_end(self, to: int) -> None:
        """Go to the first event (0) or the last (1)."""
        self._go(lambda door, at: _or(door.moment_beside(float("inf") if to else 0.0, later=not to), at))

    def action_moment(self) -> None:
        """Ask for a moment."""
        from parhelia_tui.screens.ask import AskScreen

        def answered(text: str | None) -> None:
            if text is None:
                return
            try:
                at = read_moment(text, self._clock())
            except ParheliaError as error:
                self.say(in_words(error))
                return
            self._go(lambda door, before: at)

        self.app.push_screen(
            AskScreen(
                "Which moment?", "A date and time as 2026-03-05T14:02, or so long ago as 15m, 4h or 2d."
            ),
            answered,
        )

    def action_export(self) -> None:
        """Ask for a file, and write this moment into it."""
        from parhelia_tui.screens.ask import AskScreen

        found = self.past
        if not self.may("export") or found is None:
            return
        name = time.strftime("parhelia-%Y%m%d-%H%M%S.md", time.localtime(found.fleet.at))

        async def put(target: Path) -> None:
            try:
                await to_its_end(write, found, target)
            except ParheliaError as error:
                self.say(in_words(error))
            else:
                self.say(f"It is in {one_line(str(target), 300)}.")

        def answered(text: str | None) -> None:
            if text is not None:
                self.run_worker(put(Path(text).expanduser()), group="export")

        self.app.push_screen(
            AskScreen(
                f"Where shall the fleet of {moment(found.fleet.at)} go?",
                "A new file; .json for programs, every other name for people.",
                name,
            ),
            answered,
        )

    def on_row_table_opened(self, message: RowTable.Opened) -> None:
        """Enter on a task or a container: what was known of the task then."""
        from parhelia_tui.screens.past_task import PastTaskScreen

        fleet = self.fleet
        if fleet is None:
            return
        task_id = message.key if message.table is self.tasks else fleet.containers[message.key].task_id
        task = fleet.tasks.get(task_id)
        if task is not None:
            self.app.push_screen(PastTaskScreen(self._paths, task, fleet.at))

    def action_off(self) -> None:
        """Say why a key does nothing here."""
        self.say(f"This is {moment(self._at)}: what is over cannot be acted on. Esc goes back to now.")

    def action_next_pane(self, by: int) -> None:
        """Go to another pane."""
        number = next((at for at, each in enumerate(self.panes) if each.inside.has_focus), 0)
        number = (number + by) % len(self.panes)
        self.set_class(number >= 2, "-right")
        self.panes[number].inside.focus()

    def subject(self) -> Subject:
        """What is over cannot be acted on."""
        return Subject(closed="this is the past: nothing is acted on here")

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        found = self.past
        if found is None:
            return "it is not read yet" if action == "export" else ""
        if action == "event(-1)" and found.fleet.at <= found.first:
            return "nothing is known of before"
        if action == "event(1)" and found.fleet.at >= found.last:
            return "no event comes after this moment"
        return ""

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""
        self.notice.say(text, self._clock())


def _or(found: float | None, at: float) -> float:
    return at if found is None else found
