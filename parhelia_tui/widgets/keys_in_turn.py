"""Keys that come together are carried out in the order in which they were pressed, each where the ones before it led."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, Protocol, runtime_checkable
from weakref import WeakSet

from textual import events
from textual._callback import invoke
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.worker import Worker

OPENS = "opens"
"""The name of a worker that ends with another screen in front, or back at the one before: keys wait for it."""
LONGEST_S = 2.0
"""Seconds that a key waits for what the key before it has begun."""
LOOK_EVERY_S = 0.001
LEAVES = "escape"
TURNS = 100
"""Turns of the loop in which a widget gets to what came to it before a key; one is enough as a rule."""


@runtime_checkable
class ForgetsKeys(Protocol):
    """An app that can lose the keys that have come."""

    def forget_keys(self) -> None:
        """Lose them."""


def forget_keys(app: App[Any]) -> None:
    """Lose the keys that an app has not looked at: what they were meant for did not open, or has been left."""
    if isinstance(app, ForgetsKeys):
        app.forget_keys()


class _Came(Enum):
    """What became of what a key was to open or to leave."""

    ALL = auto()
    NOTHING = auto()
    LATE = auto()


class KeysInTurn:
    """Lets a key wait until the one before it has done all that it does.

    What a key was meant for may not come: an error is said in its place, or it takes too long. Keys that came by then
    are lost, for what they do elsewhere nobody wanted: an answer that is typed ahead would be keys of the fleet.

    Args:
        app: whose keys these are.
        clock: gives the seconds in which events tell when they came.
    """

    def __init__(self, app: App[Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._forgotten_at = float("-inf")
        self._telling: asyncio.Task[None] | None = None
        self._given_up: WeakSet[Worker[Any]] = WeakSet()

    def forget(self) -> None:
        """Lose the keys that have come until now: what they were meant for is not there, or is there no more."""
        self._forgotten_at = self._clock()

    async def come(self, event: events.Key | events.Paste) -> bool:
        """Wait, in the app's own task, until a key can be looked at; say whether it is still to be."""
        came = await self._told()
        if came is _Came.ALL:
            came = await self._opened()
        if came is not _Came.ALL:
            self.forget()
        # To leave what hangs is never wrong, and nobody wants to do it twice.
        leaves = came is _Came.LATE and isinstance(event, events.Key) and event.key == LEAVES
        return leaves or event.time > self._forgotten_at

    def places(self) -> Sequence[MessagePump]:
        """What has the focus and all that it lies in, up to the screen, or the screen alone."""
        way: list[MessagePump] = [self._app.focused or self._app.screen]
        while not isinstance(way[-1], Screen) and (above := way[-1]._parent) is not None:
            way.append(above)
        return way

    def follow(self, places: Sequence[MessagePump]) -> None:
        """Let the next key wait until these places have handled what a key has told them, each the next."""
        self._telling = asyncio.create_task(_passed(places))

    async def _told(self) -> _Came:
        """Wait for what the key before told the screen."""
        telling, self._telling = self._telling, None
        if telling is None:
            return _Came.ALL
        await asyncio.wait((telling,), timeout=LONGEST_S)
        if telling.done():
            # Where it failed, the loop would say that nobody looked.
            telling.result()
            return _Came.ALL
        telling.cancel()
        return _Came.LATE

    async def _opened(self) -> _Came:
        """Wait for a screen that opens or is left."""
        until = self._clock() + LONGEST_S
        asked: Screen[Any] | None = None
        while not self._app._exit and self._app.screen_stack:
            if self._app._next_callbacks:
                # What is done with the answer of a dialog that was left.
                await self._app._flush_next_callbacks()
            front = self._app.screen
            if opening := self._opening(front):
                asked = front
            elif front.is_mounted:
                return _Came.NOTHING if front is asked else _Came.ALL
            if self._clock() > until:
                self._given_up.update(opening)
                return _Came.LATE
            await asyncio.sleep(LOOK_EVERY_S)
        return _Came.NOTHING

    def _opening(self, front: Screen[Any]) -> list[Worker[Any]]:
        return [
            each
            for each in self._app.workers
            if each.name == OPENS
            and each.node is front
            and not each.is_finished
            and each not in self._given_up
        ]


async def handled(places: Sequence[MessagePump], event: events.Key | events.Paste) -> bool:
    """Have places handle a key or a paste now, the lowest first; say whether one of them took it."""
    for place in places:
        if await _handled_at(place, event):
            return True
    return False


async def _passed(places: Sequence[MessagePump]) -> None:
    """Wait until each place has handled what came to it by now, the lowest first: that tells the next of it."""
    for place in places:
        passed = asyncio.Event()
        if place.call_later(passed.set):
            await passed.wait()


async def _handled_at(place: MessagePump, event: events.Key | events.Paste) -> bool:
    """Have a widget handle a key or a paste now, and say whether it was for that widget.

    Textual puts a letter into a field as soon as the field gets to it, but does what a key is bound to only when the
    key has gone up through every widget to the app: a letter behind a Backspace was there before the Backspace.
    """
    # That it got the focus comes first: a field selects then all that stands in it, and the next letter would replace
    # what was typed by then.
    for _ in range(TURNS):
        if place._pending_message is None and not place.message_queue_size:
            break
        await asyncio.sleep(0)
    with place._context():
        for _, method in place._get_dispatch_methods(event.handler_name, event):
            await invoke(method, event)
    # What one place does not do by itself says nothing about the next.
    event._no_default_action = False
    return event._stop_propagation
