"""What is drawn by itself lets a key go first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

AFTER_KEY_S = 0.03
"""Seconds after a key in which only what it did is drawn, unless that is on the screen before."""
PAUSE_S = 0.005
"""Seconds between two pieces of work while somebody types: what they changed is painted, and the thread that reads the
keys, which has to wait while another computes, says that one has come."""
TYPING_S = 1.0
"""Seconds after a key in which others are likely."""
LONGEST_S = 0.25
"""Seconds that something waits for keys, however many come."""

Act = Callable[[], object]


class Keys:
    """When the last key came, and whether what it did is on the screen.

    Args:
        clock: gives seconds that only grow.

    Attributes:
        lie_ready: says whether the terminal has keys that nobody has read. The thread that reads them comes to it only
            when this one rests, which is too late for what is about to begin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.lie_ready: Callable[[], bool] = _never
        self._pressed_at = self._last_at = float("-inf")
        self._acted_for: float | None = None

    def pressed(self) -> None:
        """A key came. May be called by another thread than the others."""
        self._pressed_at = self._last_at = self.clock()

    @property
    def come(self) -> bool:
        """Whether somebody is typing or going through rows: the next key may come at any moment."""
        return self.clock() - self._last_at < TYPING_S

    def acted(self) -> None:
        """The last key did something, and its paint follows."""
        self._acted_for = self._pressed_at

    def painted(self) -> bool:
        """Something was painted; says whether that was what a key waited for, and no other key came since."""
        acted_for, self._acted_for = self._acted_for, None
        if acted_for is None or acted_for != self._pressed_at:
            return False
        self._pressed_at = float("-inf")
        return True

    def left_s(self) -> float:
        """Give the seconds for which a key goes first; 0 or less where none waits for its paint."""
        if self.lie_ready():
            self.pressed()
        return self._pressed_at + AFTER_KEY_S - self.clock()


def _never() -> bool:
    return False


class KeysFirst:
    """Says how long something waits that would hold up the paint for a key.

    Args:
        keys: all that wait know of the same.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._waits_since: float | None = None

    def wait_s(self) -> float:
        """Give the seconds that who asks has to wait before it asks again; 0 where it may go on."""
        left, now = self._keys.left_s(), self._keys.clock()
        since = now if self._waits_since is None else self._waits_since
        if left <= 0 or now - since >= LONGEST_S:
            self._waits_since = None
            return 0.0
        self._waits_since = since
        return left


class Turns:
    """Does one piece of work after the other, each in a turn of the loop of its own, and none while a key waits.

    Textual handles what is in the queue of a widget without a turn of the loop between, so several callbacks there
    hold up a key as one.

    Args:
        keys: those that go first.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys, self._first = keys, KeysFirst(keys)
        self._wanted: dict[Act, None] = {}
        self._some = asyncio.Event()
        self._free = asyncio.Event()

    def want(self, *acts: Act) -> None:
        """Do these in their turn; what waits already is done once."""
        self._wanted.update(dict.fromkeys(acts))
        self._some.set()

    def go_on(self) -> None:
        """No key waits any more."""
        self._free.set()

    async def take(self) -> None:
        """Do what is wanted, for ever."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._wanted:
                if wait_s := self._first.wait_s():
                    await self._until_free(wait_s)
                    continue
                act = next(iter(self._wanted))
                del self._wanted[act]
                act()
                # Where nobody types they are painted together, which costs an idle fleet a tenth less.
                await asyncio.sleep(PAUSE_S if self._keys.come else 0)

    async def _until_free(self, wait_s: float) -> None:
        self._free.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._free.wait()
        except TimeoutError:
            return
