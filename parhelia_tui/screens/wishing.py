"""Writing a wish beside the event loop, and saying what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol, TypeVar

from textual.app import App

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.failures import in_our_words
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

T = TypeVar("T")


class Wisher(Protocol):
    """A screen on which something is wished."""

    @property
    def app(self) -> App[Any]:
        """The app that it is a part of."""

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""

    def run_worker(
        self, work: Any, name: str = "", group: str = "", *, exit_on_error: bool, thread: bool
    ) -> Any:
        """Do something beside the event loop."""


def in_words(error: ParheliaError) -> str:
    """An error as one line: its code, what happened, and what may help."""
    helps = [each for each in error.recovery[:2] if each]
    return f"{error.code}: {error.message.rstrip('.')}" + (f". Try: {'; '.join(helps)}" if helps else "")


def _defect(error: Exception) -> ParheliaError:
    return ParheliaError("E900", one_line(f"{type(error).__name__}: {error}", 300))


async def to_its_end(act: Callable[..., T], *given: Any) -> T:
    """Do something in a thread, also where the screen that waits for it is left before it has begun.

    Args:
        given: to `act`.

    Raises:
        Whatever `act` raises.
    """
    return await asyncio.shield(asyncio.to_thread(act, *given))


def wish(
    screen: Wisher,
    client: Client,
    act: Callable[[Client], Any],
    then: Callable[[Any], None] | None = None,
    otherwise: Callable[[], None] | None = None,
    name: str = "",
) -> None:
    """Write a wish by a client of its own: it may have to start the controller.

    Args:
        client: names the state directory and who wishes.
        then: called with what the wish gave, when it could be written.
        otherwise: called when it could not, after the error was said.
        name: of the worker; `OPENS` where `then` opens a screen.
    """

    def work() -> None:
        with closing(Client(client.paths, client.owner)) as door:
            try:
                given = act(door)
            except Exception as error:
                known = in_our_words(error)
                screen.app.call_from_thread(screen.say, in_words(known or _defect(error)))
                if otherwise is not None:
                    screen.app.call_from_thread(otherwise)
                if known is None:
                    # Where it is logged, with the place.
                    raise
                return
        if then is not None:
            screen.app.call_from_thread(then, given)

    # Who leaves the screen takes nothing back that was asked for; only what a wish was to open comes no more.
    at = screen if name else screen.app
    at.run_worker(work, name=name, thread=True, group="wish", exit_on_error=False)
