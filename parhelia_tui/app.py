"""The dashboard: a Textual app over the client."""

from __future__ import annotations

import asyncio
import os
import select
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.geometry import Size
from textual.message import Message
from textual.message_pump import Callback
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import WorkerFailed

from parhelia_tui import themes
from parhelia_tui.core.client import Client, FleetSnapshot
from parhelia_tui.core.settings.dashboard import THEMES, Dashboard
from parhelia_tui.core.settings.read_only import SETTING, become_read_only
from parhelia_tui.hangup import Hangup
from parhelia_tui.own_log import kept_off_the_screen
from parhelia_tui.screens import garbage
from parhelia_tui.screens.home import HomeScreen
from parhelia_tui.widgets.keys_in_turn import KeysInTurn, handled
from parhelia_tui.widgets.terminal_view import TerminalView

if TYPE_CHECKING:
    from textual.await_remove import AwaitRemove
    from textual.command import Provider
    from textual.dom import DOMNode
    from textual.widget import Widget

LEAVE_S = 3.0
"""Seconds that leaving waits for what still runs."""


@runtime_checkable
class TakesKeys(Protocol):
    """A screen that wants keys that no widget took, before they are looked up as keys that do something."""

    def take_key(self, event: events.Key) -> bool:
        """Take a key; say whether it was one for this screen."""


def _palette_commands() -> type[Provider]:
    # Only when it is opened: few open it.
    from parhelia_tui.screens.palette_commands import PaletteCommands

    return PaletteCommands


class ParheliaApp(App[None]):
    """The app: its themes, its home screen and what every screen has in common.

    Args:
        client: the door to everything, used from this thread.
        first: the fleet as it was read before the app began, so that the first frame is whole.
        look: what is configured of the dashboard; what is built in if not given.
        clock: gives epoch seconds.
    """

    TITLE = "parhelia"
    # Ctrl+Q leaves an attached terminal, so here it must not leave anything: keys repeat.
    COMMANDS: ClassVar = {_palette_commands}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "help_quit", show=False, priority=True)]

    def __init__(
        self,
        client: Client,
        first: FleetSnapshot,
        look: Dashboard | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._hangup: Hangup | None = None
        self._in_turn = KeysInTurn(self)
        look = look or Dashboard()
        self.screen_keys = look.screen_keys
        self._home = HomeScreen(client, first, look, clock)
        self.custom = self._home.custom
        for each in themes.ALL.values():
            self.register_theme(each)
        self.theme = f"parhelia-{look.theme}"
        if look.reduced_motion:
            self.animation_level = "none"
        self._still = look.reduced_motion

    def get_theme(self, theme_name: str) -> Theme | None:
        """Give a theme; ours at once, since Textual copies its table of themes for each line that it draws."""
        return themes.ALL.get(theme_name) or super().get_theme(theme_name)

    def on_mount(self) -> None:
        """Show the home screen."""
        # In a browser the server is behind a pipe; a pipe that a person laid may end and be meant to.
        keys = sys.__stdin__.fileno() if sys.__stdin__ and not self.is_headless else -1
        if keys >= 0 and (self.is_web or os.isatty(keys)):
            self._hangup = Hangup(keys)
            self._home.keys_first.lie_ready = partial(_is_readable, keys)
        self.push_screen(self._home)
        self._see_to_size(self.size)
        self.call_after_refresh(garbage.look_again)

    def on_unmount(self) -> None:
        """Let the terminal be."""
        if self._hangup is not None:
            self._hangup.close()

    def on_resize(self, event: events.Resize) -> None:
        """Say so where the terminal is too small, and only while it is."""
        # The first size comes before there is a screen that it could be too small for.
        if self._home in self.screen_stack:
            self._see_to_size(event.size)

    def _see_to_size(self, size: Size) -> None:
        from parhelia_tui.screens.too_small import TooSmallScreen, is_too_small

        shown = isinstance(self.screen, TooSmallScreen)
        if is_too_small(size) and not shown:
            self.push_screen(TooSmallScreen())
        elif shown and not is_too_small(size):
            self.pop_screen()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where nothing may blink, no cursor does."""
        if not self._still:
            return
        # Only here: the editor of long texts would cost the first frame a twentieth of its time.
        from textual.widgets import Input, TextArea

        if isinstance(event.widget, Input | TextArea):
            event.widget.cursor_blink = False

    def _post_message(self, message: Message) -> Coroutine[Any, Any, bool]:
        """Take a message of the terminal; of a key it is known at once that it came.

        This runs in the thread that reads the terminal. Until the loop gets to the key it would go on drawing.
        """
        if isinstance(message, events.Key):
            self._home.keys_first.pressed()
        return super()._post_message(message)

    def _prune(self, *nodes: Widget, parent: DOMNode | None = None) -> AwaitRemove:
        """Take widgets away, and end what they and their parts were doing.

        Textual ends it when their parts are gone: what came from a thread meanwhile was put into fields that were not
        there any more, and the dashboard left with the print of a fault.
        """
        taken = super()._prune(*nodes, parent=parent)
        for worker in tuple(self.workers):
            if worker.node._pruning:
                worker.cancel()
        return taken

    def _handle_exception(self, error: Exception) -> None:
        """Say what went wrong and leave, but not of a screen that was still opening when everything was left.

        Its parts are taken away before it looks for them, and a person would leave to the print of a fault.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        leaves = self._exit or not self.is_running
        if not (leaves and isinstance(cause, NoMatches)):
            super()._handle_exception(error)

    async def on_event(self, event: events.Event) -> None:
        """Handle what came; a key has done all that it does before the next one is looked at."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        if not await self._in_turn.come(event):
            return
        if not self.app_focus:
            # A terminal that told of its focus going need not tell of it coming back.
            self.app_focus = True
        places, typed_into = self._in_turn.places(), self._typed_into()
        if isinstance(event, events.Key) and await self._check_bindings(event.key, priority=True):
            self._in_turn.follow(places)
            return
        # From here on it is one that came back from the widgets.
        event._set_forwarded()
        if not await handled(places, event):
            await super().on_event(event)
        if typed_into is None:
            # A terminal far away takes its time, and all that is typed is for it.
            self._in_turn.follow(places)

    def call_later(self, callback: Callback, *args: Any, **kwargs: Any) -> bool:
        """Call a function before the next key is looked at.

        Textual calls it behind all keys that have come: those behind a Tab went to the pane that it had left.
        """
        if self._exit or self._closing or self._closed:
            return super().call_later(callback, *args, **kwargs)
        self.call_next(callback, *args, **kwargs)
        return True

    def forget_keys(self) -> None:
        """Lose the keys that have come: they were meant for what had the terminal, or for what did not open."""
        self._in_turn.forget()

    def on_key(self, event: events.Key) -> None:
        """A key that no widget took: it may be a letter for what the key before it has opened.

        Here and not at the screen: several keys that come at once are all on their way up before the first of
        them has done anything.
        """
        if isinstance(self.screen, TakesKeys) and self.screen.take_key(event):
            event.prevent_default()

    async def action_quit(self) -> None:
        """Leave, when what was started here has ended: Textual would cancel it and leave without waiting."""
        self.workers.cancel_all()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await asyncio.gather(*(each.wait() for each in self.workers), return_exceptions=True)
        self.exit()

    def action_command_palette(self) -> None:
        """Open the palette where it can be seen, and none is open below something else."""
        from textual.command import CommandPalette

        from parhelia_tui.screens.too_small import is_too_small
        from parhelia_tui.widgets.painted_palette import PaintedPalette

        opened = any(isinstance(screen, CommandPalette) for screen in self.screen_stack)
        if not opened and not is_too_small(self.size):
            self.push_screen(PaintedPalette(id="--command-palette"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Ctrl+P is for the terminal that somebody types into."""
        return not (action == "command_palette" and self._typed_into())

    def _typed_into(self) -> TerminalView | None:
        focused = self.focused
        return focused if isinstance(focused, TerminalView) and focused.typing else None

    def action_help_quit(self) -> None:
        """Ctrl+C and Ctrl+Q: leave the terminal that is typed into, else say how the dashboard is left."""
        if (view := self._typed_into()) is not None:
            view.typing = False
            return
        self._home.say("q leaves the dashboard; the work goes on.")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Give the palette the keys of the screen that do something now, and the themes."""
        from parhelia_tui.screens.over_home import OverHome

        if isinstance(screen, HomeScreen | OverHome):
            yield from screen.commands()
        for name in THEMES:
            if self.theme != f"parhelia-{name}":
                yield SystemCommand(
                    f"Theme {name}", f"{name} colours until you quit", partial(self._dress, name)
                )

    def _dress(self, theme: str) -> None:
        self.theme = f"parhelia-{theme}"
        self._home.dress()


def _is_readable(file: int) -> bool:
    return bool(select.select((file,), (), (), 0)[0])


def run(client: Client | None = None) -> int:
    """Open the dashboard and stay until it is left.

    Returns:
        The exit code.

    Raises:
        ParheliaError: E500, E505, E506 for a store that cannot be read, E700 for a configuration that cannot be used.
    """
    # Programs that read a line (GNU readline) leave these behind for their children; they are trusted more than
    # the terminal, which knows better and would then never be asked again. A page in a browser tells its size so.
    if "TEXTUAL_DRIVER" not in os.environ:
        for left_behind in ("COLUMNS", "LINES"):
            os.environ.pop(left_behind, None)
    door = client or Client.open()
    look = door.dashboard()
    if look.read_only:
        become_read_only(SETTING)
    app = ParheliaApp(door, door.snapshot(), look)
    with kept_off_the_screen(door.paths.logs):
        app.run()
    door.close()
    return app.return_code or 0
