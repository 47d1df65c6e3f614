"""The terminal of the chosen task, as it is at this moment, or what it printed before it ended."""

from __future__ import annotations

import asyncio

from rich.text import Text

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.home_lines import headline
from parhelia_tui.screens.reading import log_of
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.terminal_view import TerminalView

TAIL_LINES = 200
LIVE = frozenset({TaskState.RUNNING, TaskState.WAITING})
AGAIN_S = 0.5
"""Seconds until a terminal that could not be reached is asked for again."""
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
        self._followed: tuple[str | None, object, int] = (None, None, 0)

    def follow(self, task: Task | None, now: float) -> None:
        """Show a task; whatever was shown of it already goes on."""
        self.head("Terminal" if task is None else headline(task, now))
        # A running task that begins to wait has the same terminal; an attempt has one of its own.
        phase = None if task is None else "live" if task.state in LIVE else task.state
        wanted = (task.id if task else None, phase, task.attempt if task else 0)
        if wanted != self._followed:
            self._followed = wanted
            self.run_worker(self._show(task), group="terminal", exclusive=True)

    async def let_go(self) -> None:
        """Stop following, and return when nothing is read any more; `follow` begins again."""
        self._followed = (None, None, 0)
        workers = self.workers.cancel_group(self, "terminal")
        await asyncio.gather(*(worker.wait() for worker in workers), return_exceptions=True)

    async def _show(self, task: Task | None) -> None:
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
        while True:
            try:
                endpoint = self._client.endpoint(task_id)
            except ParheliaError:
                # Its session is about to be stored, or it ended in this moment and the news is on its way.
                await asyncio.sleep(AGAIN_S)
                continue
            async with self._client.live_terminal(endpoint) as terminal:
                async for frame in terminal.frames():
                    cursor = (frame.cursor_x, frame.cursor_y) if frame.cursor_visible else None
                    self.view.show(frame.lines, cursor)
