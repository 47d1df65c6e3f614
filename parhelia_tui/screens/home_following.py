"""How the home screen follows the fleet: changes as they come, the past beside them, and what counts on by itself."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from textual import work
from textual.timer import Timer
from textual.widget import Widget

from parhelia_tui.core.client import Client, FleetChange, FleetSnapshot
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens import budget_lines, garbage, home_lines
from parhelia_tui.screens.calls import Calls
from parhelia_tui.screens.fleet_view import BEATS_KEPT
from parhelia_tui.screens.home_view import HomeView
from parhelia_tui.screens.keys_first import AFTER_KEY_S, Keys, KeysFirst, Turns
from parhelia_tui.screens.reading import heartbeats_of, live_containers, older_tasks
from parhelia_tui.screens.wishing import in_words

START_AFTER_S, START_AGAIN_S = 1.0, 15.0
"""Seconds until a controller that is needed and not there is started, and until that is tried again."""
PIECE = 400
"""Tasks of the past that are read at once; taking them in may not hold up a key."""
DRAW_OLDER_S = 0.25
HISTORIES = 50
"""Containers whose heartbeats of the past are taken in at once."""
PACE_S = 0.08
"""Seconds from one drawing of changes to the next."""


class HomeFollowing(HomeView):
    """A home screen that is kept up to date.

    Args:
        client: used from the app's thread, for short questions and wishes.
        first: the fleet for the first frame.
        look: what is configured of the dashboard.
        clock: gives epoch seconds.
    """

    def __init__(
        self,
        client: Client,
        first: FleetSnapshot,
        look: Dashboard,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(client, first, look, clock)
        self._first = first
        self._calls: Calls | None = None
        self._start_at: float | None = None
        self._drawn_at = 0.0
        self._draw_later: Timer | None = None
        self._come: list[FleetChange] = []
        self.keys_first = Keys()
        self._turns, self._paint_waits = Turns(self.keys_first), KeysFirst(self.keys_first)

    def on_mount(self) -> None:
        """Draw the first fleet, then follow it."""
        self.places.bring_first()
        self._draw_now()
        self.set_interval(1.0, self._tick)
        self.run_worker(self._turns.take(), name="_turns", group="turns", exclusive=True)
        self._follow()
        if faults := self.custom.faults:
            more = f" {len(faults) - 1} more: ? lists them." if len(faults) > 1 else ""
            self.say(faults[0] + more)

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Take every change; when the store cannot be read say so, and go on when it can."""
        async with self.client.watch(self._first) as watcher:
            self._read_containers()
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
        if self.inbox is not None and self.inbox.is_attached:
            self.inbox.fleet_changed()

    @work(exclusive=True, group="older")
    async def _read_older(self) -> None:
        """Read the tasks that the first frame did without, beside what goes on."""
        than, drawn = None, self.clock()
        self.fleet.keep_words()
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
            # They stay: a search for garbage in a hundred thousand of them would hold a key up for 0.1 s.
            gc.freeze()
            if not 0 <= self.clock() - drawn < DRAW_OLDER_S:
                drawn = self.clock()
                self.draw_tasks()
        self.fleet.all_read()
        self.draw_tasks()

    @work(exclusive=True, group="beats")
    async def _read_containers(self) -> None:
        """Read the containers that the first frame did without, and the heartbeats of the past, once."""
        paths = self.client.paths
        try:
            self.fleet.take_older_containers(await asyncio.to_thread(live_containers, paths))
            self.redraw_tables()
            ids = self.fleet.container_keys()
            for first in range(0, len(ids), HISTORIES):
                piece = ids[first : first + HISTORIES]
                found = await asyncio.to_thread(heartbeats_of, paths, piece, BEATS_KEPT)
                for container_id, beats in found.items():
                    if container_id in self.fleet.containers:
                        self.fleet.take_history(container_id, beats)
                self.heartbeats.refresh()
        except ParheliaError:
            # The watcher meets the same trouble and says it.
            return

    def on_row_table_highlighted(self) -> None:
        """A key moved the cursor: that is drawn first."""
        self.keys_first.acted()

    def filter_tasks(self) -> None:
        """Show the tasks that fit what is typed, before anything else is drawn."""
        self.keys_first.acted()
        super().filter_tasks()

    def held_back(self, dirty: AbstractSet[Widget]) -> set[Widget]:
        """Paint nothing before a key but what it may change: the other panes change by themselves alone.

        While somebody types they are painted one at a time: a paint that has begun cannot give way to a key.
        """
        others = (self.heartbeats, self.containers, self.history, self.budget)
        held = [each for each in others if each in dirty and each is not self.focused]
        if not held or self._paint_waits.wait_s():
            return set(held)
        return set(held[1:]) if self.keys_first.come else set()

    def painted(self) -> None:
        """What a key did is on the screen: it is the best moment for all that waits, as the next may come soon."""
        if self.keys_first.painted():
            if self._come and self._left_s() <= AFTER_KEY_S:
                self._turns.want(self._take_changes)
            self._turns.go_on()

    def _tick(self) -> None:
        """Once a second: what counts on. Only what is in sight is made anew."""
        # One after the other: a key that comes meanwhile waits for one of them.
        self._turns.want(
            self._pass_time,
            self.tasks.refresh_aged,
            self.containers.refresh_aged,
            self.heartbeats.refresh_aged,
            garbage.look_at_young,
        )

    def _pass_time(self) -> None:
        self.fleet.at = self.clock()
        self.top.show(home_lines.top(self.fleet, self.colours))
        # How long ago its agent said what it does stands above the terminal.
        self.follow_chosen()
        self.budget.show_lines(budget_lines.budget(self.fleet, self.colours))
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

    def _draw_soon(self) -> None:
        """Draw what changed: at once after a pause, and not more often than eyes see where changes come in dense."""
        left = self._left_s()
        if left <= 0:
            self._turns.want(self._take_changes)
        elif self._draw_later is None:
            self._draw_later = self.set_timer(left, lambda: self._turns.want(self._take_changes))

    def _left_s(self) -> float:
        """Seconds until what changed may be drawn again."""
        return self._drawn_at + PACE_S - time.monotonic()

    def _take_changes(self) -> None:
        """Take over what has come, and draw it: what is drawn is never older than what is known here."""
        self._end_wait()
        self._drawn_at = time.monotonic()
        come, self._come = self._come, []
        rest = False
        for change in come:
            rest = rest or not self.fleet.hears_only_beats(change)
            self.fleet.apply(change)
        if rest:
            self.draw()
        else:
            self.draw_containers()
        for change in come:
            self._call(change)
        self._turns.want(garbage.look_at_young)

    def _draw_now(self) -> None:
        self._end_wait()
        self._drawn_at = time.monotonic()
        self.draw()

    def _end_wait(self) -> None:
        """Wait for no drawing any more: there is one now."""
        if self._draw_later is not None:
            self._draw_later.stop()
            self._draw_later = None
