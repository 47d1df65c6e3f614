"""The history: followed, filtered by type, level and words, and played again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Event
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.wishing import in_words
from parhelia_tui.widgets.bar import Bar
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import Column, RowTable
from parhelia_tui.widgets.typed_line import TypedLine

KEPT = 10_000
"""Events that are shown, the newest that pass."""
LOOK_EVERY_S = 0.25
PLAY_MOST_S = 1.0
"""Seconds that a pause between two events lasts at most when they are played."""
LEVELS = ("debug", "info", "warning", "error")
GROUPS = (
    "",
    "task.",
    "agent.",
    "approval.",
    "container.",
    "session.",
    "checkpoint.",
    "budget.",
    "network.",
    "controller.",
)
COLUMNS = (
    Column("TIME", 15),
    Column("LEVEL", 7, rank=2),
    Column("TYPE", 24, rank=1),
    Column("WHAT", 24, flexible=True),
    Column("ABOUT", 11, rank=3),
)
KEYS = (
    Binding("f", "follow", "follow", tooltip="stay at the newest event, or stand still"),
    Binding("l", "level", "level", tooltip="the least level that is shown"),
    Binding("t", "type", "type", tooltip="which kind of events is shown"),
    Binding("slash", "words", "words", key_display="/", tooltip="only events that have these words"),
    Binding("p", "play", "play", tooltip="play the events from here on as they came, at most a second apart"),
    Binding("enter", "open", "open", key_display="⏎", tooltip="what it is about"),
    Binding("T", "travel", "past", tooltip="the whole dashboard at its moment"),
    Binding("question_mark", "help", "keys", key_display="?", tooltip="this list"),
    Binding("escape", "calm", "back", key_display="Esc", tooltip="forget the words, else back to the fleet"),
    Binding("q,E", "app.pop_screen", "back", show=False),
)  # fmt: skip


class EventsScreen(OverHome[None]):
    """A table of events, the newest last.

    Args:
        client: names the state directory; questions run in threads with clients of their own.
        open_about: shows what an event is about; called with the ids of its task and its container.
        travel: shows the dashboard at a moment.
        clock: gives epoch seconds.
    """

    TABLE = "events"
    crumb = "Events"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    DEFAULT_CSS = """
    EventsScreen Bar { background: $panel; }
    EventsScreen Pane { height: 1fr; }
    """

    def __init__(
        self,
        client: Client,
        open_about: Callable[[str | None, str | None], None],
        travel: Callable[[float], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._paths: Paths = client.paths
        self._open_about = open_about
        self._travel = travel
        self._clock = clock
        self._found: dict[str, Event] = {}
        self._texts: dict[str, str] = {}
        self._passing: list[str] = []
        self._last = 0
        self._level, self._group, self._follows = 0, 0, True
        self._played: int | None = None
        self.table = RowTable(COLUMNS, self._cells, id="history")
        self.pane = Pane("Events", self.table, "history-pane")
        self.words = TypedLine("/", "words of the message, the type or an id", id="words")
        self.notice, self.bottom = Notice(id="notice"), Bar(gap=2, id="bottom")

    def compose(self) -> ComposeResult:
        """The table, a line for words, the keys."""
        yield self.notice
        yield self.pane
        yield self.words
        yield self.bottom

    def on_mount(self) -> None:
        """Read, and follow."""
        self.table.focus()
        self.run_worker(self._watch(), group="watch", exclusive=True)

    # Reading

    async def _watch(self) -> None:
        while True:
            try:
                fresh = await asyncio.to_thread(_read, self._paths, self._last)
                self.notice.trouble("", self._clock())
            except ParheliaError as error:
                self.notice.trouble(in_words(error), self._clock())
                fresh = []
            if fresh:
                self._take(fresh)
            elif self._last == 0:
                self._show()
            self.notice.pass_time(self._clock())
            await asyncio.sleep(LOOK_EVERY_S)

    def _take(self, fresh: Sequence[tuple[Event, str]]) -> None:
        self._last = fresh[-1][0].seq
        for each, text in fresh:
            self._found[str(each.seq)], self._texts[str(each.seq)] = each, text
            if self._passes(each):
                self._passing.append(str(each.seq))
        while len(self._found) > KEPT:
            oldest = next(iter(self._found))
            del self._found[oldest], self._texts[oldest]
            if self._passing and self._passing[0] == oldest:
                self._passing.pop(0)
        self._show()

    def _passes(self, each: Event) -> bool:
        if each.level in LEVELS and LEVELS.index(each.level) < self._level:
            return False
        if not each.type.startswith(GROUPS[self._group]):
            return False
        said = self._texts[str(each.seq)]
        return all(word in said for word in self.words.text.lower().split())

    def _filter(self) -> None:
        self._passing = [name for name, each in self._found.items() if self._passes(each)]
        self._show()

    # Showing

    def _show(self) -> None:
        shown = self._passing if self._played is None else self._passing[: self._played]
        empty = "No event passes.\n\nEsc forgets the words." if self._found else "Nothing has happened yet."
        self.table.set_keys(list(shown), empty)
        if self._follows and shown:
            self.table.action_jump(-1)
        if self._played is not None:
            mode = f"plays {self._played} of {len(self._passing)}"
        else:
            mode = "follows" if self._follows else "stands still"
        kind = GROUPS[self._group].removesuffix(".") or "all types"
        level = f"from {LEVELS[self._level]} on" if self._level else "all levels"
        words = f" ▪ {one_line(self.words.text, 40)}" if self.words.text else ""
        self.bottom.show(self.shown_keys())
        self.pane.head(f"Events ▪ {len(shown)} ▪ {mode} ▪ {kind} ▪ {level}{words}")

    def _cells(self, key: str) -> Sequence[Text]:
        each, colours = self._found[key], self.app.theme_variables
        calm = Style(color=colours.get("secondary"))
        tone = Style(color=colours.get({"warning": "warning", "error": "error"}.get(each.level, "")))
        return (
            Text(time.strftime("%d %b %H:%M:%S", time.localtime(each.at)), calm),
            Text(each.level, tone),
            Text(each.type, calm),
            Text(one_line(each.message, 500), tone),
            Text(each.task_id or each.container_id or "", calm),
        )

    # Keys

    def on_row_table_highlighted(self) -> None:
        """Who goes to an older event wants to stay there; who comes back to the last follows again."""
        shown = self._passing if self._played is None else self._passing[: self._played]
        at_end = not shown or self.table.key == shown[-1]
        if self._follows != at_end and self._played is None:
            self._follows = at_end
            self._show()

    def on_key(self, event: events.Key) -> None:
        """Words that are typed filter at once."""
        if self.words.typing and event.key not in ("escape", "up", "down") and self.words.take(event):
            event.stop()
            self._filter()

    def action_follow(self) -> None:
        """Stay at the newest event, or stand still."""
        self._follows = not self._follows
        self._show()

    def action_level(self) -> None:
        """Show less: the next level on; after the last one everything."""
        self._level = (self._level + 1) % len(LEVELS)
        self._filter()

    def action_type(self) -> None:
        """Show another kind of events."""
        self._group = (self._group + 1) % len(GROUPS)
        self._filter()

    def action_words(self) -> None:
        """Type words."""
        self.words.begin()

    def action_calm(self) -> None:
        """Stop playing, forget the words, else go back."""
        if self._played is not None:
            self._stop_playing()
        elif self.words.typing or self.words.text:
            self.words.clear()
            self._filter()
        else:
            self.app.pop_screen()

    def action_play(self) -> None:
        """Play the events from the chosen one on as they came; again stops."""
        if self._played is not None:
            self._stop_playing()
        elif self.may("play") and self.table.key is not None:
            place = self._passing.index(self.table.key)
            # From the last one there is nothing to play, so it is all of them.
            begin = place if place + 1 < len(self._passing) else 0
            self._follows = True
            self.run_worker(self._play(begin), group="play", exclusive=True)

    async def _play(self, begin: int) -> None:
        place = begin
        # Asked each time: while it plays others come, and another filter leaves fewer.
        while place < len(self._passing):
            self._played = place + 1
            self._show()
            if place + 1 < len(self._passing):
                early, late = (self._found[self._passing[each]].at for each in (place, place + 1))
                await asyncio.sleep(max(0.0, min(PLAY_MOST_S, late - early)))
            place += 1
        self._played = None
        self._show()

    def _stop_playing(self) -> None:
        self.workers.cancel_group(self, "play")
        self._played, self._follows = None, False
        self._show()

    def action_travel(self) -> None:
        """Show the dashboard at the moment of the event."""
        chosen = self._found.get(self.table.key or "")
        if self.may("travel") and chosen is not None:
            self._travel(chosen.at)

    def on_row_table_opened(self, message: RowTable.Opened) -> None:
        """Enter: what it is about."""
        each = self._found.get(message.key)
        if each is not None and self.may("open"):
            self._open_about(each.task_id, each.container_id)

    def action_open(self) -> None:
        """Open what the chosen event is about."""
        if self.may("open"):
            self.table.action_open()

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        if action not in ("open", "travel", "play"):
            return ""
        chosen = self._found.get(self.table.key or "")
        if chosen is None:
            return "no event is chosen"
        if action == "open" and chosen.task_id is None and chosen.container_id is None:
            return "this event is about no task and no container"
        return ""

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""
        self.notice.say(text, self._clock())


def _read(paths: Paths, after: int) -> list[tuple[Event, str]]:
    """Read the events after a number, each with the text in which words are looked for."""
    with closing(Client(paths)) as door:
        found = door.events(after_seq=after, limit=KEPT, oldest=after > 0)
    return [
        (each, f"{each.message} {each.type} {each.task_id or ''} {each.container_id or ''}".lower())
        for each in found
    ]
