"""The terminal of a task: live, typed into, or scrolled back, searched and copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.screens.task_tab import TaskTab
from parhelia_tui.screens.terminal_pane import TerminalPane
from parhelia_tui.screens.wishing import in_words
from parhelia_tui.widgets.keys_in_turn import forget_keys
from parhelia_tui.widgets.scrollback import Scrollback
from parhelia_tui.widgets.terminal_view import TerminalView
from parhelia_tui.widgets.typed_line import TypedLine


class TerminalTab(TaskTab):
    """Follows the terminal while it is in front.

    Args:
        client: used from the app's thread.
        clock: gives epoch seconds.
        say: shows a sentence for some seconds.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i,enter", "type", "type", tooltip="type into it; Ctrl+Q leaves"),
        Binding("pageup,b", "look_back", "scroll back", tooltip="older lines: search them, copy them"),
        Binding("slash", "search", "search", key_display="/", tooltip="search what it has shown"),
    ]
    DEFAULT_CSS = """
    TerminalTab TerminalPane { border: none; border-bottom: round $secondary; height: 1fr; }
    TerminalTab Scrollback { display: none; }
    TerminalTab.-back Scrollback { display: block; }
    TerminalTab.-back TerminalPane { display: none; }
    """

    def __init__(
        self, client: Client, clock: Callable[[], float], say: Callable[[str], None], id: str
    ) -> None:
        self.pane = TerminalPane(client, f"{id}-pane")
        self.back = Scrollback(f"{id}-back")
        self.words = TypedLine("/", "words to look for", f"{id}-words")
        self._clock = clock
        self._say = say
        super().__init__(self.pane, "i type into it   PgUp scroll back   / search", id)

    def compose(self) -> ComposeResult:
        """The terminal, or its lines and a line for words."""
        yield self.pane
        yield self.back
        yield self.words

    @property
    def focused_part(self) -> Widget:
        """What is in sight."""
        return self.back if self.has_class("-back") else self.pane.view

    def update_shown(self) -> None:
        """Follow the task."""
        if self.about is not None:
            self.pane.follow(self.about.task, self._clock())

    async def leave(self) -> None:
        """Follow no more."""
        await super().leave()
        self.pane.view.typing = False
        self.to_live()
        await self.pane.let_go()

    # Typing

    async def action_type(self) -> None:
        """Type into the terminal."""
        self.to_live()
        if not await self.pane.begin_typing():
            forget_keys(self.app)
            why = "it does not answer" if self.pane.silent else "the task does not run"
            self._say(f"There is no terminal to type into: {why}.")

    async def on_terminal_view_opened(self, message: TerminalView.Opened) -> None:
        """Enter, or a double click."""
        message.stop()
        await self.action_type()

    # Looking back

    async def action_look_back(self) -> None:
        """Show what it has shown so far."""
        await self._look_back()

    async def on_terminal_view_looked_back(self, message: TerminalView.LookedBack) -> None:
        """The wheel was turned up."""
        message.stop()
        await self._look_back()

    async def action_search(self) -> None:
        """Look for words in what it has shown."""
        if await self._look_back():
            self.words.clear()
            self.words.begin()

    async def _look_back(self) -> bool:
        if self.has_class("-back"):
            return True
        live, frame = self.pane.live, self.pane.frame
        if live is None or frame is None:
            self._say("There is no terminal to look back in; l on the fleet shows what it printed.")
            return False
        try:
            lines = await live.history(-frame.history, frame.rows - 1)
        except ParheliaError as error:
            self._say(in_words(error))
            return False
        self.pane.view.typing = False
        self.back.put(lines)
        self.add_class("-back")
        self.back.focus()
        return True

    def to_live(self) -> bool:
        """Show the terminal as it is now; says whether older lines were in sight."""
        was_back = self.has_class("-back")
        self.words.clear()
        self.remove_class("-back")
        if was_back and self.in_front:
            self.pane.view.focus()
        return was_back

    async def on_key(self, event: events.Key) -> None:
        """Words that are typed belong to the search."""
        if self.words.typing and event.key == "enter":
            event.stop()
            self.words.end()
            self.back.search(self.words.text)
        elif self.words.typing and event.key != "escape" and self.words.take(event):
            event.stop()

    def on_scrollback_copied(self, message: Scrollback.Copied) -> None:
        """Say what was copied."""
        self._say(f"{message.count} line{'' if message.count == 1 else 's'} copied.")

    def on_scrollback_searched(self, message: Scrollback.Searched) -> None:
        """Say where there is none."""
        if not message.found:
            self._say(f"No line has {message.words}.")
