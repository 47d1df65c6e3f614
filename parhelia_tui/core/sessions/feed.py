"""The pictures of one terminal, made once for all who look at it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

from parhelia_tui.core.backends.base import Endpoint, SshEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions.control_mode import Command, ControlClient
from parhelia_tui.core.sessions.control_protocol import Notice, Output, Reply
from parhelia_tui.core.sessions.screen import (
    Frame,
    history_command,
    read_frame,
    read_lines,
    screen_command,
    state_command,
)
from parhelia_tui.core.sessions.tmux_client import pane_target, server_gone, session_target

MAX_FPS = 10.0
# A program that redraws writes in several pieces; a picture taken at the first would show half of it.
SETTLE_S = 0.015
RETRY_FIRST_S = 0.25
RETRY_MOST_S = 5.0
PROBE_DEADLINE_S = 1.0

_CHANGES = frozenset({"pause", "layout-change", "pane-mode-changed", "exit"})


class Feed:
    """Follows one terminal while somebody waits for its next picture.

    tmux is told to pause the pane's output at the first byte of it, and to go on just before the next
    picture is taken. So a change is known at once, a pane that floods sends us next to nothing, and a
    pane that does nothing, or that nobody looks at, costs nothing at all.

    Args:
        endpoint: what to follow.
        max_fps: the most pictures in a second.
    """

    def __init__(self, endpoint: Endpoint, max_fps: float = MAX_FPS) -> None:
        self._endpoint = endpoint
        self._pause_s = 1.0 / max_fps
        self._client: ControlClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._paused: set[str] = set()
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()
        self._frame = Frame()
        self._number = 0

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._run(), name=f"feed of {self._endpoint.session}")

    async def stop(self) -> None:
        """Let go of the terminal and wait until nothing is left of it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            self._news.set()

    async def after(self, number: int) -> tuple[int, Frame]:
        """Wait for a picture that is newer than the one of this number; 0 is older than the first.

        A feed that is stopped gives its last picture again.
        """
        while self._number == number and self._task is not None:
            self._wanted.set()
            await self._news.wait()
        return self._number, self._frame

    async def history(self, start: int, end: int) -> tuple[str, ...]:
        """Read lines above the screen (see `history_command`).

        Raises:
            ParheliaError: E601 while the terminal cannot be reached.
        """
        if self._client is None:
            raise server_gone(self._endpoint)
        session = self._endpoint.session
        replies = await self._client.exchange([state_command(session), history_command(session, start, end)])
        return read_lines(replies[1])

    def send(self, *words: str) -> None:
        """Run a tmux command and do not wait; nothing happens while the terminal cannot be reached."""
        if self._client is not None:
            self._client.send(*words)

    async def fit(self, columns: int, rows: int) -> bool:
        """Give the terminal another size, unless somebody is attached to it; whoever attaches later sizes it anew.

        Returns:
            Whether it has that size now; not while it cannot be reached.
        """
        client, session = self._client, self._endpoint.session
        if client is None:
            return False
        clients = await client.command(
            "list-clients", "-t", session_target(session), "-F", "#{client_control_mode}"
        )
        if "0" in clients:
            return False
        target = pane_target(session)
        # resize-window makes the size manual, and so deaf to whoever attaches; taken back at once.
        size = Command(("resize-window", "-t", target, "-x", str(columns), "-y", str(rows)))
        free = Command(("set-option", "-w", "-u", "-t", target, "window-size"))
        await client.exchange([size, free])
        return True

    async def _run(self) -> None:
        delay = RETRY_FIRST_S
        while True:
            await self._wanted.wait()
            if await _listens(self._endpoint):
                # An OSError is a process that could not be started just now.
                with contextlib.suppress(ParheliaError, OSError):
                    before = self._number
                    try:
                        await self._follow()
                    finally:
                        if self._number != before:
                            delay = RETRY_FIRST_S
            if not self._frame.ended:
                self._publish(replace(self._frame, ended=True))
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_MOST_S)

    async def _follow(self) -> None:
        """Publish pictures until the client ends."""
        client = ControlClient(self._endpoint, self._heard)
        self._paused.clear()
        self._client = client
        try:
            await client.start()
            seen: list[Reply] = []
            while not client.ended.is_set():
                await self._wanted.wait()
                taken = asyncio.get_running_loop().time()
                replies = await self._snapshot(client)
                if replies != seen or self._frame.ended:
                    seen = replies
                    self._publish(read_frame(*replies))
                await self._changed.wait()
                now = asyncio.get_running_loop().time()
                await asyncio.sleep(max(SETTLE_S, taken + self._pause_s - now))
        finally:
            self._client = None
            await client.stop()

    async def _snapshot(self, client: ControlClient) -> list[Reply]:
        resume = [Command(("refresh-client", "-A", f"{pane}:continue")) for pane in sorted(self._paused)]
        # Forgotten before it is sent: what is heard from here on is newer than the picture.
        self._paused.clear()
        self._changed.clear()
        session = self._endpoint.session
        replies = await client.exchange([*resume, state_command(session), screen_command(session)])
        return replies[-2:]

    def _heard(self, event: Output | Notice) -> None:
        if isinstance(event, Output):
            if event.pane not in self._paused and self._client is not None:
                self._paused.add(event.pane)
                self._client.send("refresh-client", "-A", f"{event.pane}:pause")
            self._changed.set()
        elif event.name in _CHANGES:
            if event.name == "pause":
                self._paused.add(event.text.decode("ascii", "replace"))
            self._changed.set()

    def _publish(self, frame: Frame) -> None:
        self._frame = frame
        self._number += 1
        self._wanted.clear()
        self._news.set()
        self._news = asyncio.Event()


class Feeds:
    """The feeds that are in use; whoever shows terminals owns one and gives it to all its views."""

    def __init__(self, max_fps: float = MAX_FPS) -> None:
        self._max_fps = max_fps
        self._used: dict[Endpoint, tuple[Feed, int]] = {}

    def take(self, endpoint: Endpoint) -> Feed:
        """Give the feed of a terminal, begun when nobody else uses it; each `take` needs a `give_back`."""
        feed, users = self._used.get(endpoint, (None, 0))
        if feed is None:
            feed = Feed(endpoint, self._max_fps)
            feed.start()
        self._used[endpoint] = (feed, users + 1)
        return feed

    async def give_back(self, endpoint: Endpoint) -> None:
        """Use it no more; the last user ends it."""
        feed, users = self._used[endpoint]
        if users > 1:
            self._used[endpoint] = (feed, users - 1)
        else:
            del self._used[endpoint]
            await feed.stop()


async def _listens(endpoint: Endpoint) -> bool:
    """Whether a server is bound to the socket; asked before processes are started for it."""
    if isinstance(endpoint, SshEndpoint):
        # Nothing but a connection can tell, and the client makes one.
        return True
    try:
        async with asyncio.timeout(PROBE_DEADLINE_S):
            _, writer = await asyncio.open_unix_connection(endpoint.door)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
