"""The dashboard: a Textual app over the client."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, Protocol, runtime_checkable

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from parhelia_tui.core.client import Client, FleetSnapshot
from parhelia_tui.screens.home import HomeScreen

DARK = Theme(
    name="parhelia-dark",
    primary="#7cb7ff",
    secondary="#8a93a6",
    accent="#ffcf5c",
    warning="#ffcf5c",
    error="#ff7b72",
    success="#7ee787",
    foreground="#d7dce5",
    background="#10141a",
    surface="#10141a",
    panel="#1b222c",
    dark=True,
)
LIGHT = Theme(
    name="parhelia-light",
    primary="#0b5cad",
    secondary="#57606a",
    accent="#8a5a00",
    warning="#8a5a00",
    error="#b3261e",
    success="#1a6b2f",
    foreground="#1c2128",
    background="#fbfbf9",
    surface="#fbfbf9",
    panel="#eceeea",
    dark=False,
)
_OWN = {DARK.name: DARK, LIGHT.name: LIGHT}


@runtime_checkable
class TakesLetters(Protocol):
    """A screen that wants what was typed before it had its focus."""

    def type_ahead(self, letter: str) -> None:
        """Take a letter."""


class ParheliaApp(App[None]):
    """The app: its themes, its home screen and what every screen has in common.

    Args:
        client: the door to everything, used from this thread.
        first: the fleet as it was read before the app began, so that the first frame is whole.
        theme: `dark` or `light`.
        clock: gives epoch seconds.
    """

    TITLE = "parhelia"
    # Ctrl+Q leaves an attached terminal, so here it must not leave anything: keys repeat.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "help_quit", show=False, priority=True)]

    def __init__(
        self,
        client: Client,
        first: FleetSnapshot,
        theme: str = "dark",
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._home = HomeScreen(client, first, clock)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = f"parhelia-{theme}"

    def get_theme(self, theme_name: str) -> Theme | None:
        """Give a theme; ours at once, since Textual copies its table of themes for each line that it draws."""
        return _OWN.get(theme_name) or super().get_theme(theme_name)

    def on_mount(self) -> None:
        """Show the home screen."""
        self.push_screen(self._home)
        self.call_after_refresh(_collect_garbage_again)

    def on_resize(self, event: events.Resize) -> None:
        """Say so where the terminal is too small, and only while it is."""
        from parhelia_tui.screens.too_small import TooSmallScreen, is_too_small

        shown = isinstance(self.screen, TooSmallScreen)
        if is_too_small(event.size) and not shown:
            self.push_screen(TooSmallScreen())
        elif shown and not is_too_small(event.size):
            self.pop_screen()

    def on_key(self, event: events.Key) -> None:
        """A letter that no widget took: it may have been typed ahead for a form that the key before opened."""
        if event.is_printable and event.character and isinstance(self.screen, TakesLetters):
            self.screen.type_ahead(event.character)

    def action_help_quit(self) -> None:
        """Ctrl+C and Ctrl+Q: say how the dashboard is left."""
        self._home.say("q leaves the dashboard; the work goes on.")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Give the palette the keys of the home screen that do something now, and the themes."""
        if screen is self._home:
            yield from self._home.commands()
        for name in ("dark", "light"):
            if self.theme != f"parhelia-{name}":
                yield SystemCommand(
                    f"Theme {name}", f"{name} colours until you quit", partial(self._dress, name)
                )

    def _dress(self, theme: str) -> None:
        self.theme = f"parhelia-{theme}"
        self._home.dress()


def _collect_garbage_again() -> None:
    gc.freeze()
    gc.enable()


def run(client: Client | None = None) -> int:
    """Open the dashboard and stay until it is left.

    Returns:
        The exit code.

    Raises:
        ParheliaError: E500, E505, E506 for a store that cannot be read, E700 for a theme that is none.
    """
    door = client or Client.open()
    app = ParheliaApp(door, door.snapshot(), door.theme())
    app.run()
    door.close()
    return app.return_code or 0
