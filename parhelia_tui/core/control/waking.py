"""When a round begins: soon after news, which are gathered for a moment, else after a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

GATHER_S, BURST_S = 0.01, 0.25
"""How long what containers and jobs tell is gathered before a round looks at all of it, and how long while further
containers wait for their turn to be created: those need the processors, and what begins and ends within that time is
then read and stored once. Fronts never wait for it, and it ends with the waiting."""


class Waking:
    """Gathers what is told until a round looks at all of it.

    Attributes:
        news: ids of containers that have said something.
    """

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self._pressing = asyncio.Event()
        self.news: set[str] = set()

    def tell(self, about: str = "") -> None:
        """Look again soon; `about` is the id of a container that has news, else somebody waits for it."""
        if about.startswith("c-"):
            self.news.add(about)
        else:
            self.gather_no_more()
        self.soon()

    def soon(self) -> None:
        """Look again, after what else is told has been gathered."""
        self._woken.set()

    def gather_no_more(self) -> None:
        """Let the next round begin without gathering."""
        self._pressing.set()

    def take_news(self) -> set[str]:
        """Give and forget who has said something."""
        news, self.news = self.news, set()
        return news

    async def wait(self, most_s: float, gather_s: Callable[[], float]) -> None:
        """Wait for what is told, for so many seconds at most, and gather what follows.

        Args:
            gather_s: gives, once something was told, for how many seconds.
        """
        loop = asyncio.get_running_loop()
        timer = loop.call_later(most_s, self._woken.set)
        await self._woken.wait()
        timer.cancel()
        timer = loop.call_later(gather_s(), self._pressing.set)
        await self._pressing.wait()
        timer.cancel()
        self._woken.clear()
        self._pressing.clear()
