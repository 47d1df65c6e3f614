"""The dashboard: a Textual app over the client."""

from __future__ import annotations

import gc

from textual.app import App
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


class ParheliaApp(App[None]):
    """The app: its themes and its home screen.

    Args:
        client: the door to everything, used from this thread.
        first: the fleet as it was read before the app began, so that the first frame is whole.
    """

    TITLE = "parhelia"
    ENABLE_COMMAND_PALETTE = True
    CSS = """
    Screen { background: $background; }
    """

    def __init__(self, client: Client, first: FleetSnapshot, theme: str = "dark") -> None:
        super().__init__()
        self._client = client
        self._first = first
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = f"parhelia-{theme}"

    def get_theme(self, theme_name: str) -> Theme | None:
        """Give a theme; ours at once, since Textual copies its table of themes for each line that it draws."""
        return _OWN.get(theme_name) or super().get_theme(theme_name)

    def on_mount(self) -> None:
        """Show the home screen."""
        self.push_screen(HomeScreen(self._client, self._first))
        self.call_after_refresh(_collect_garbage_again)


def _collect_garbage_again() -> None:
    gc.freeze()
    gc.enable()


def run(client: Client | None = None) -> int:
    """Open the dashboard and stay until it is left.

    Returns:
        The exit code.
    """
    door = client or Client.open()
    app = ParheliaApp(door, door.snapshot())
    app.run()
    return app.return_code or 0
