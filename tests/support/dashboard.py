"""The dashboard under Textual's Pilot: press keys, read what stands on the screen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from textual import events
from textual._context import visible_screen_stack
from textual.app import App
from textual.css.query import NoMatches
from textual.keys import KEY_NAME_REPLACEMENTS, key_to_character
from textual.pilot import Pilot
from textual.strip import Strip

from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.client import Client
from parhelia_tui.screens.home import HomeScreen
from tests.support.waiting import until

DEADLINE_S = 30.0
SIZE = 120, 40
LONG_NAMES = {short: long for long, short in KEY_NAME_REPLACEMENTS.items()}
"""By which Unicode knows the characters that Textual has shorter names for."""


class Dashboard:
    """A running app and its Pilot."""

    def __init__(self, app: ParheliaApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def home(self) -> HomeScreen:
        """The home screen, also while another covers it."""
        screen = self.app.screen_stack[1]
        assert isinstance(screen, HomeScreen)
        return screen

    async def press(self, *keys: str) -> None:
        """Press keys, and let the app take them."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type letters."""
        names = {" ": "space", "/": "slash", "-": "minus", ".": "full_stop", "_": "underscore"}
        await self.press(*(names.get(letter, letter) for letter in text))

    def burst(self, *keys: str) -> None:
        """Press keys so fast that all come before the first of them has done anything."""
        for key in keys:
            self.app.post_message(events.Key(key, key_to_character(LONG_NAMES.get(key, key))))

    def lines(self) -> list[str]:
        """What the screen on top shows, line by line."""
        return standing(self.app).split("\n")

    def shows(self, *texts: str) -> bool:
        """Say whether every one of these texts stands on the screen."""
        seen = "\n".join(self.lines())
        return all(text in seen for text in texts)

    def said(self) -> str:
        """The notice, in one line."""
        place = self.home.notice.region
        return " ".join(" ".join(self.lines()[place.y : place.bottom]).split())

    def line_with(self, text: str) -> str:
        """The first line that has a text; the test fails where none has."""
        found = [line for line in self.lines() if text in line]
        assert found, (text, "\n".join(self.lines()))
        return found[0]

    async def wait(self, condition: Callable[[], object]) -> None:
        """Wait for a condition; what stands on the screen is told where it fails.

        A screen is on top before its parts are there: a condition that asks for one does not hold yet.
        """

        def holds() -> object:
            with suppress(NoMatches):
                return condition()
            return False

        try:
            await until(holds, DEADLINE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n" + "\n".join(self.lines())) from None

    async def wait_for(self, *texts: str) -> None:
        """Wait until texts stand on the screen."""
        await self.wait(lambda: self.shows(*texts))

    async def wait_line(self, text: str, part: str) -> None:
        """Wait until the first line that has a text has another one too; it may not be there yet."""
        await self.wait(lambda: part in next((line for line in self.lines() if text in line), ""))

    async def wait_gone(self, text: str) -> None:
        """Wait until a text stands there no more."""
        await self.wait(lambda: not self.shows(text))


def standing(app: App[Any]) -> str:
    """What the screen on top shows."""
    return "\n".join(strip.text for strip in strips(app))


def strips(app: App[Any]) -> list[Strip]:
    """The lines of the screen on top, as they are drawn."""
    # By this a dialog finds what it is drawn over; without it, it draws an empty ground and keeps that for its pictures.
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips()


@asynccontextmanager
async def dashboard(
    client: Client, size: tuple[int, int] = SIZE, clock: Callable[[], float] = time.time
) -> AsyncIterator[Dashboard]:
    """Run the dashboard over a client.

    Args:
        size: columns and rows.
        clock: gives epoch seconds.
    """
    app = ParheliaApp(client, client.snapshot(), clock=clock)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Dashboard(app, pilot)
