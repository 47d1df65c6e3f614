"""The live screen of a session, as a stream of pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType

from parhelia_tui.core.backends.base import Endpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions.feed import MAX_FPS, Feed, Feeds
from parhelia_tui.core.sessions.screen import Frame
from parhelia_tui.core.sessions.tmux_client import pane_target

__all__ = ["Feeds", "Frame", "LiveTerminal"]


class LiveTerminal:
    """A view of one terminal; an asynchronous context manager.

    It never changes the size of what it looks at, but by `fit`. When the session or its server dies, a last frame says
    `ended`; when it comes back, frames go on by themselves.

    Args:
        endpoint: the session.
        feeds: shared with the other views of one screen, so that all views of a session use one connection.
        max_fps: the most frames in a second; only used without `feeds`.
    """

    def __init__(self, endpoint: Endpoint, *, feeds: Feeds | None = None, max_fps: float = MAX_FPS) -> None:
        self.endpoint = endpoint
        self._feeds = feeds if feeds is not None else Feeds(max_fps)
        self._feed: Feed | None = None

    async def __aenter__(self) -> LiveTerminal:
        self._feed = self._feeds.take(self.endpoint)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._feed = None
        await self._feeds.give_back(self.endpoint)

    async def frames(self) -> AsyncIterator[Frame]:
        """Give the present frame, then one whenever it changed; while nobody takes them, none is made."""
        number = 0
        while (feed := self._feed) is not None:
            number, frame = await feed.after(number)
            if self._feed is not None:
                yield frame

    def type_text(self, text: str) -> None:
        """Type letters, as a keyboard does; nothing happens while the terminal cannot be reached."""
        self._press("-l", "--", text)

    def press(self, key: str) -> None:
        """Press one key, by tmux's name for it (`keyboard.tmux_key`)."""
        self._press("--", key)

    def write(self, data: bytes) -> None:
        """Give the program bytes as its terminal would, as what the mouse did."""
        self._press("-H", *(f"{byte:02x}" for byte in data))

    def leave_scrolling(self) -> None:
        """Leave the mode in which somebody who is attached scrolls: it would take the keys."""
        if self._feed is not None:
            self._feed.send("copy-mode", "-q", "-t", pane_target(self.endpoint.session))

    async def fit(self, columns: int, rows: int) -> bool:
        """Give the terminal another size where nobody is attached to it; says whether it has that size.

        Raises:
            ParheliaError: E601, E200, E501 when it is gone in this moment.
        """
        return self._feed is not None and await self._feed.fit(columns, rows)

    def _press(self, *words: str) -> None:
        if self._feed is not None:
            self._feed.send("send-keys", "-t", pane_target(self.endpoint.session), *words)

    async def history(self, start: int, end: int) -> tuple[str, ...]:
        """Read lines that have left the screen.

        Args:
            start, end: first and last line, counted from the screen's first line, which is 0: -1 is the
                newest line above it, `-frame.history` the oldest that is kept.

        Returns:
            The lines that there are, oldest first, each with its own SGR colours.

        Raises:
            ParheliaError: E100 when start is after end, E601 while the terminal cannot be reached.
        """
        if start > end:
            raise ParheliaError("E100", f"lines {start} to {end} are in the wrong order")
        if self._feed is None:
            raise ParheliaError("E601", "this view is closed")
        return await self._feed.history(start, end)
