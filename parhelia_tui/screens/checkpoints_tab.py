"""The checkpoints of a task, at a glance; what can be done with them is a screen of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing

from rich.text import Text

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.screens import checkpoint_lines
from parhelia_tui.screens.task_tab import FollowingTab
from parhelia_tui.screens.wishing import in_words
from parhelia_tui.widgets.row_table import RowTable

LOOK_EVERY_S = 1.0
KEPT = 500
NONE = "No checkpoints yet.\n\nC on the fleet goes where one is taken."


class CheckpointsTab(FollowingTab):
    """Follows the checkpoints while it is in front; Enter opens their screen.

    Args:
        client: names the state directory.
        clock: gives epoch seconds.
    """

    def __init__(self, client: Client, clock: Callable[[], float], id: str) -> None:
        self._client = client
        self._clock = clock
        self._found: dict[str, Checkpoint] = {}
        self.timeline = RowTable(checkpoint_lines.COLUMNS, self._cells, id=f"{id}-timeline")
        super().__init__(self.timeline, "Enter compare, go back, resume", id)

    async def follow(self) -> None:
        """Read and show the checkpoints."""
        while True:
            if self.about is not None:
                try:
                    found = await asyncio.to_thread(self._read, self.about.task.id)
                except ParheliaError as error:
                    self.timeline.set_keys([], in_words(error))
                else:
                    self._found = {each.id: each for each in found}
                    self.timeline.set_keys(list(self._found), NONE)
                    self.timeline.refresh()
            await asyncio.sleep(LOOK_EVERY_S)

    def _read(self, task_id: str) -> list[Checkpoint]:
        with closing(Client(self._client.paths)) as door:
            return door.checkpoints.of(door.task(task_id), limit=KEPT)

    def open(self) -> None:
        """Show the screen of the checkpoints."""
        from parhelia_tui.screens.checkpoints import CheckpointsScreen

        if self.about is not None:
            self.app.push_screen(CheckpointsScreen(self._client, self.about.task, self._clock))

    def on_row_table_opened(self, message: RowTable.Opened) -> None:
        """Enter on a checkpoint."""
        message.stop()
        self.open()

    def _cells(self, key: str) -> Sequence[Text]:
        return checkpoint_lines.cells(self._found[key], self._clock(), self.app.theme_variables)
