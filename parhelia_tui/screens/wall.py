"""The wall: the live terminals of many tasks at once, any of them a key away."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.home_lines import waiting
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.possible import why_not
from parhelia_tui.screens.task_acts import TaskActs
from parhelia_tui.screens.terminal_pane import LIVE, TerminalPane
from parhelia_tui.widgets.bar import Bar, Part
from parhelia_tui.widgets.keys_in_turn import forget_keys
from parhelia_tui.widgets.notice import Notice

LEAST_COLUMNS, LEAST_ROWS = 38, 9
"""Cells that a terminal needs at least to be worth a look, with its frame."""
LOOK_EVERY_S = 0.25
NOTHING = "No task runs now. Esc goes back to the fleet."
KEYS = (
    Binding("enter,a", "attach", "attach", key_display="⏎", tooltip="attach to it; Ctrl+Q leaves it again"),
    Binding("t,i", "type", "type", key_display="t", tooltip="type into it from here; Ctrl+Q leaves"),
    Binding("x", "cancel", "cancel", tooltip="cancel it, after a question"),
    Binding("z", "zoom", "zoom", tooltip="one terminal over everything, and back"),
    Binding("tab,right,l", "walk(1)", "next", key_display="Tab", tooltip="the next terminal"),
    Binding("shift+tab,left,h", "walk(-1)", "previous", show=False, tooltip="the terminal before"),
    Binding("down,j", "walk_row(1)", "below", show=False, tooltip="the terminal below"),
    Binding("up,k", "walk_row(-1)", "above", show=False, tooltip="the terminal above"),
    Binding("pagedown", "turn(1)", "next page", show=False, tooltip="where there are more than fit"),
    Binding("pageup", "turn(-1)", "page before", show=False, tooltip="the page before"),
    Binding("question_mark", "help", "keys", key_display="?", tooltip="this list"),
    Binding("escape,w,q", "app.pop_screen", "back", key_display="Esc", tooltip="back to the fleet"),
)


class WallScreen(OverHome[None]):
    """Tiles, the oldest task first, so that none moves when another begins.

    Args:
        client: used from the app's thread.
        fleet: kept up to date by the home screen below.
        first: the task whose terminal has the focus at first.
        clock: gives epoch seconds.
    """

    TABLE = "wall"
    crumb = "Wall"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    DEFAULT_CSS = """
    WallScreen Grid { height: 1fr; grid-gutter: 0; }
    WallScreen Bar { background: $panel; }
    WallScreen .-waits { border: round $accent; border-title-color: $accent; }
    WallScreen .-waits:focus-within { border: heavy $accent; border-title-color: $accent; }
    WallScreen.-zoomed TerminalPane { display: none; }
    WallScreen.-zoomed TerminalPane.-front { display: block; }
    """

    def __init__(
        self, client: Client, fleet: FleetView, first: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self._client = client
        self.clock = clock
        self._tiles: dict[str, TerminalPane] = {}
        self._front = first
        self._page, self._pages = 0, 1
        self.fleet = fleet
        self.acts = TaskActs(self, client)
        self.grid = Grid()
        self.top, self.notice, self.bottom = Bar(id="top"), Notice(id="notice"), Bar(gap=2, id="bottom")

    def compose(self) -> ComposeResult:
        """A line about the fleet, the tiles, the keys."""
        yield self.top
        yield self.notice
        yield self.grid
        yield self.bottom

    def on_mount(self) -> None:
        """Show what runs, and follow it."""
        self.set_interval(LOOK_EVERY_S, self._look)

    def on_resize(self, event: events.Resize) -> None:
        """Another size has room for more or fewer."""
        self._page = self._page_of(self._front)
        self._look()

    def on_screen_resume(self) -> None:
        """Back from a question."""
        self._look()

    # What is shown

    def _alive(self) -> list[Task]:
        found = [each for each in self.fleet.tasks.values() if each.state in LIVE and not each.is_group]
        return sorted(found, key=lambda each: (each.started_at or each.created_at, each.id))

    def _room(self) -> tuple[int, int]:
        """Columns and rows of tiles that fit."""
        width, height = self.size.width, self.size.height - 2
        return max(1, width // LEAST_COLUMNS), max(1, height // LEAST_ROWS)

    def _page_of(self, task_id: str) -> int:
        ids = [each.id for each in self._alive()]
        columns, rows = self._room()
        return ids.index(task_id) // (columns * rows) if task_id in ids else 0

    def _look(self) -> None:
        if not self.size:
            # Its size comes with the first event of it; until then nothing is known to fit.
            return
        alive = self._alive()
        columns, rows = self._room()
        pages = max(1, math.ceil(len(alive) / (columns * rows)))
        self._page, self._pages = min(self._page, pages - 1), pages
        shown = alive[self._page * columns * rows :][: columns * rows]
        self._put({each.id: each for each in shown}, columns)
        self.top.show(self._counted(alive))
        self.bottom.show(self.shown_keys())
        self.notice.pass_time(self.clock())

    def _counted(self, alive: list[Task]) -> list[Part]:
        """The first line: how many wait for a person, how many run, and which page this is."""
        if not alive:
            return [Part(Text(NOTHING))]
        waits = sum(each.state is TaskState.WAITING for each in alive)
        parts = [waiting(waits, self.app.theme_variables)] if waits else []
        parts.append(Part(Text(f"{len(alive) - waits} running")))
        if self._pages > 1:
            parts.append(Part(Text(f"page {self._page + 1} of {self._pages}, PgDn and PgUp turn")))
        return parts

    def _put(self, shown: dict[str, Task], columns: int) -> None:
        for task_id in [each for each in self._tiles if each not in shown]:
            self._tiles.pop(task_id).remove()
        for task_id, task in shown.items():
            if task_id not in self._tiles:
                tile = self._tiles[task_id] = TerminalPane(self._client, f"tile-{task_id}")
                self.grid.mount(tile)
            tile = self._tiles[task_id]
            tile.follow(task, self.fleet.at)
            tile.set_class(task.state is TaskState.WAITING, "-waits")
            tile.styles.column_span = 1
        across = 1 if self.has_class("-zoomed") else min(columns, math.ceil(math.sqrt(len(shown) or 1)))
        if self.grid.styles.grid_size_columns != across:
            self.grid.styles.grid_size_columns = across
        if shown:
            # The last one takes what is left of its row.
            self._tiles[list(shown)[-1]].styles.column_span = across - (len(shown) - 1) % across
        if shown and self._front not in shown:
            self._bring(next(iter(shown)))
        elif self._front in self._tiles:
            self._bring(self._front)

    def _bring(self, task_id: str) -> None:
        self._front = task_id
        for each, tile in self._tiles.items():
            tile.set_class(each == task_id, "-front")
        tile = self._tiles[task_id]
        if tile.is_attached and self.app.screen is self and not tile.inside.has_focus:
            tile.inside.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The focus went to another tile, by key or by mouse."""
        for task_id, tile in self._tiles.items():
            if event.widget is tile.inside and task_id != self._front:
                self._bring(task_id)

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""
        self.notice.say(text, self.clock())

    def expect(self, task_id: str) -> None:
        """Bring a task to the front as soon as it runs."""
        self._front = task_id

    @property
    def chosen(self) -> Task | None:
        """The task of the tile that has the focus."""
        return self.fleet.tasks.get(self._front)

    # Keys

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        name, ids = action.partition("(")[0], self._ids()
        if name in ("attach", "type", "cancel", "zoom", "walk", "walk_row") and self._front not in ids:
            return "nothing runs here"
        if name == "walk" and len(ids) < 2:
            return "there is no other terminal on this page"
        if name == "walk_row":
            there = 0 <= self._place_beside(int(action[len("walk_row(") : -1])) < len(ids)
            return "" if there else "there is no terminal beyond this one"
        if name == "turn":
            page = self._page + int(action[len("turn(") : -1])
            return "" if 0 <= page < self._pages else "there is no further page"
        if name == "type" and is_read_only():
            return "the dashboard is read-only"
        return why_not(action, self.chosen)

    def subject(self) -> Subject:
        """The task of the tile with the focus is what a command of the user's own is for."""
        return self.subject_of(self.chosen if self._front in self._ids() else None)

    async def action_attach(self) -> None:
        """Hand the whole terminal to the task until it is left."""
        if not self.may("attach") or (task := self.chosen) is None:
            return
        # Nothing is to be read or drawn while the terminal is somebody else's.
        for tile in tuple(self._tiles.values()):
            await tile.let_go()
        self.acts.attach(task)
        self._look()

    async def action_type(self) -> None:
        """Type into the terminal of the focus, where it stands."""
        if not self.may("type"):
            return
        tile = self._tiles.get(self._front)
        if tile is None or not await tile.begin_typing():
            forget_keys(self.app)
            self.say("There is no terminal to type into yet.")

    async def on_terminal_view_opened(self) -> None:
        """Enter or a double click in a tile: into it."""
        await self.action_attach()

    def action_cancel(self) -> None:
        """Cancel the task, after a question."""
        if self.may("cancel") and (task := self.chosen) is not None:
            self.acts.cancel(task)

    def action_zoom(self) -> None:
        """One terminal over everything, and back."""
        if self.may("zoom"):
            self.toggle_class("-zoomed")
            self._look()

    def action_walk(self, by: int) -> None:
        """Go to another tile; from the last on comes the first."""
        ids = list(self._ids())
        if self.may(f"walk({by})"):
            self._bring(ids[(ids.index(self._front) + by) % len(ids)])

    def action_walk_row(self, by: int) -> None:
        """Go to the tile below or above, where there is one."""
        ids = list(self._ids())
        if self.may(f"walk_row({by})"):
            self._bring(ids[self._place_beside(by)])

    def _place_beside(self, by: int) -> int:
        """The place of the tile so many rows below; none is there where it is beyond the ends."""
        return self._ids().index(self._front) + by * (self.grid.styles.grid_size_columns or 1)

    def _ids(self) -> list[str]:
        return [each.id for each in self._alive() if each.id in self._tiles]

    def action_turn(self, by: int) -> None:
        """Turn the page."""
        if self.may(f"turn({by})"):
            self._page += by
            self._look()
