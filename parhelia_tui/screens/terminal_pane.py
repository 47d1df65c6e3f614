"""The terminal of the chosen task, as it is at this moment, or what it printed before it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import work

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.model.text import one_line, plain
from parhelia_tui.core.sessions.keyboard import mouse_bytes, tmux_key
from parhelia_tui.screens.home_lines import headline
from parhelia_tui.screens.reading import endpoint_of, log_of
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.terminal_view import TerminalView

if TYPE_CHECKING:
    from parhelia_tui.core.sessions.live import Frame, LiveTerminal

TAIL_LINES = 200
LEAST = 60, 14
"""Columns and rows below which a terminal is not made smaller for a view, as for a tile of the wall."""
LIVE = frozenset({TaskState.RUNNING, TaskState.WAITING})
SETTLE_S = 0.04
"""Seconds until a task that was chosen is shown: a key that is held comes more often."""
ANSWER_S = 4.0
"""Seconds that a terminal elsewhere has for its first picture; a connection there takes one or two."""
KNOWN = 16
"""So many screens are kept of terminals elsewhere, for when one of them does not answer."""
AGAIN_S = 0.5
"""Seconds until a terminal that could not be reached is asked for again."""
SILENT = "It does not answer"
_NO_SCREEN_YET = {
    TaskState.PENDING: "It waits for its turn.",
    TaskState.DISPATCHING: "Its container is being made.",
}


class TerminalPane(Pane):
    """Follows one task at a time.

    Args:
        client: used from the app's thread.
    """

    def __init__(self, client: Client, id: str) -> None:
        self.view = TerminalView(id="terminal")
        super().__init__("Terminal", self.view, id)
        self._client = client
        self.live: LiveTerminal | None = None
        """The terminal while it is followed."""
        self.frame: Frame | None = None
        self._followed: tuple[str | None, object, int] = (None, None, 0)
        self._headline = ""
        self._silent = False
        self._known: dict[str, Frame] = {}

    def follow(self, task: Task | None, now: float, step: str = "") -> None:
        """Show a task; whatever was shown of it already goes on.

        Args:
            step: what the making of its container is at, or the way home of what that made; empty for neither.
        """
        self._headline = "Terminal" if task is None else headline(task, now, step)
        self._head()
        # A running task that begins to wait has the same terminal; an attempt has one of its own.
        phase = None if task is None else "live" if task.state in LIVE else task.state
        wanted = (task.id if task else None, phase, task.attempt if task else 0)
        if wanted != self._followed:
            self._followed = wanted
            self._show(task)

    def _head(self) -> None:
        self.head(f"{SILENT} ▪ {self._headline}" if self._silent else self._headline)

    def _mark(self, silent: bool) -> None:
        self._silent = silent
        self._head()

    async def let_go(self) -> None:
        """Stop following, and return when nothing is read any more; `follow` begins again."""
        self._followed = (None, None, 0)
        workers = self.workers.cancel_group(self, "terminal")
        await asyncio.gather(*(worker.wait() for worker in workers), return_exceptions=True)

    @work(group="terminal", exclusive=True)
    async def _show(self, task: Task | None) -> None:
        # Whoever goes through many tasks wants to see the last one; each of the others would be drawn whole.
        await asyncio.sleep(SETTLE_S)
        self._mark(False)
        if task is None:
            self.view.show_text([])
        elif task.is_group:
            said = f"{task.parts} tasks, one for each target. Enter shows them."
            self.view.show_text([Text(""), Text(f"  {said}", "dim")])
        elif task.state in LIVE:
            self.view.show_text([])
            await self._show_live(task.id)
        elif task.state in _NO_SCREEN_YET:
            self.view.show_text([Text(""), Text(f"  {_NO_SCREEN_YET[task.state]}", "dim")])
        else:
            await self._show_ended(task.id)

    async def _show_ended(self, task_id: str) -> None:
        while True:
            try:
                said = await asyncio.to_thread(log_of, self._client.paths, task_id, TAIL_LINES)
            except ParheliaError as error:
                # The store can be well again at any moment, and what was chosen is still wanted then.
                self.view.show_text([Text(f"  {error.code}: {one_line(error.message)}", "dim")])
                await asyncio.sleep(AGAIN_S)
            else:
                self.view.show_text([Text(line) for line in said] or [Text("  It printed nothing.", "dim")])
                return

    async def _show_live(self, task_id: str) -> None:
        # Only here: the first frame need not wait for it.
        from parhelia_tui.core.backends.base import SshEndpoint

        while True:
            try:
                endpoint = await asyncio.to_thread(endpoint_of, self._client.paths, task_id)
            except ParheliaError:
                # Its session is about to be stored, or it ended in this moment and the news is on its way.
                await asyncio.sleep(AGAIN_S)
                continue
            async with self._client.live_terminal(endpoint) as terminal:
                self.live = terminal
                # Here a server that is gone is told of at once; elsewhere it may be the way there.
                far = isinstance(endpoint, SshEndpoint)
                watch = _Silence(lambda: self._show_silent(task_id)) if far else None
                try:
                    async for frame in terminal.frames():
                        if watch is not None and watch.heard(answers=not frame.ended):
                            self._mark(False)
                        self.frame = frame
                        if frame.ended and self._silent:
                            # What stands there is what was last known of it.
                            continue
                        self._draw(frame)
                        if watch is not None and not frame.ended:
                            self._remember(task_id, frame)
                finally:
                    self.live = self.frame = None
                    if watch is not None:
                        watch.close()

    def _draw(self, frame: Frame) -> None:
        cursor = (frame.cursor_x, frame.cursor_y) if frame.cursor_visible else None
        self.view.show(frame.lines, cursor, mouse=frame.mouse)

    def _remember(self, task_id: str, frame: Frame) -> None:
        self._known.pop(task_id, None)
        self._known[task_id] = frame
        if len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]

    async def _show_silent(self, task_id: str) -> None:
        """Say that a terminal does not answer, over what was last known of it."""
        self._mark(True)
        if known := self._known.get(task_id):
            self.view.show(known.lines, None)
            return
        try:
            said = await asyncio.to_thread(log_of, self._client.paths, task_id, TAIL_LINES)
        except ParheliaError:
            said = []
        what = "This is the last of what it printed." if said else "Nothing that it printed has come here."
        self.view.show_text([*map(Text, said), Text(""), Text(f"  {SILENT}. {what}", "dim")])

    # Typing

    @property
    def silent(self) -> bool:
        """Whether the terminal is elsewhere and does not answer."""
        return self._silent

    async def begin_typing(self) -> bool:
        """Let keys go into the terminal from now on; says whether there is one."""
        if self.live is None or self.frame is None or self.frame.ended:
            return False
        if self.frame.in_mode:
            self.live.leave_scrolling()
        self.view.focus()
        self.view.typing = True
        await self._fit()
        return True

    async def _fit(self) -> None:
        """Give the terminal the size of the view, where nobody is attached to it."""
        width, height = self.view.size
        if self.live is not None and width >= LEAST[0] and height >= LEAST[1]:
            # It may end in this moment, which its last frame says.
            with suppress(ParheliaError):
                await self.live.fit(width, height)

    async def on_resize(self) -> None:
        """While somebody types, the terminal is as large as the view."""
        if self.view.typing:
            await self._fit()

    def on_terminal_view_typing_changed(self) -> None:
        """Say how it is left."""
        self.border_subtitle = "typing ▪ Ctrl+Q leaves" if self.view.typing else ""

    async def on_terminal_view_typed(self, message: TerminalView.Typed) -> None:
        """Hand keys on."""
        message.stop()
        if self.live is None:
            self.view.typing = False
        elif message.pasted:
            # What a clipboard holds may end the brackets of the paste, or be a key.
            text = plain(message.text.replace("\r\n", "\n").replace("\r", "\n"))
            with suppress(ParheliaError):
                await self._client.paste(self.live.endpoint, text)
        elif message.text:
            self.live.type_text(message.text)
        elif key := tmux_key(message.key):
            self.live.press(key)

    def on_terminal_view_pointed(self, message: TerminalView.Pointed) -> None:
        """Hand on what the mouse did."""
        message.stop()
        if self.live is not None and self.frame is not None:
            self.live.write(
                mouse_bytes(
                    message.button,
                    message.column,
                    message.row,
                    pressed=message.pressed,
                    sgr=self.frame.mouse_sgr,
                )
            )


class _Silence:
    """Tells once when a terminal has not answered for a while.

    Args:
        tell: begun then, and cancelled when it answers.
    """

    def __init__(self, tell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._tell = tell
        self._task: asyncio.Task[None] | None = None
        self.heard(answers=False)

    def heard(self, *, answers: bool) -> bool:
        """Take what came of it; says whether it answers again, or for the first time."""
        if not answers:
            self._task = self._task or asyncio.create_task(self._wait())
            return False
        waited = self._task is not None
        self.close()
        return waited

    def close(self) -> None:
        """Wait no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _wait(self) -> None:
        await asyncio.sleep(ANSWER_S)
        await self._tell()
