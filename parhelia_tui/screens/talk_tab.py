"""The conversation of a task's agent, from the files that its own program keeps."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.talks import Talk
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.said import Speaker
from parhelia_tui.core.model.states import TASK_ENDED
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.talk_lines import Line, talk_lines
from parhelia_tui.screens.task_tab import FollowingTab
from parhelia_tui.screens.wishing import in_words
from parhelia_tui.widgets.line_view import LineView

LOOK_EVERY_S = 1.0


class TalkView(LineView):
    """The lines of a conversation; the tools in it are folded and opened by keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "open_tool", "open or fold", tooltip="open the chosen tool, or fold it"),
        Binding("right_square_bracket,n", "step(1)", "next tool", key_display="]"),
        Binding("left_square_bracket,p", "step(-1)", "tool before", key_display="["),
        Binding("f", "all", "all", tooltip="open all tools, or fold them"),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(from_end=True, id=id)
        self._talk = Talk()
        self._lines: list[Line] = []
        self._opened: set[int] = set()
        self._chosen = -1
        self._width = 0
        self._makings = 0

    async def put(self, talk: Talk) -> None:
        """Show a conversation; what is opened stays open."""
        self._talk = talk
        await self._make()

    async def _make(self) -> None:
        talk, self._width = self._talk, max(20, self.size.width - 1)
        self._makings += 1
        mine = self._makings
        if not talk.said:
            self.show_lines([Text(talk.why_not, "dim")])
            return
        if self._chosen not in self._tools():
            self._chosen = max(self._tools(), default=-1)
        # Folding thousands of lines takes longer than a frame may.
        made = await asyncio.to_thread(
            talk_lines, talk.said, frozenset(self._opened), self._width, self.app.theme_variables
        )
        if mine == self._makings:
            # Nobody wanted others meanwhile: of another talk, with other tools open, or for another width.
            self._lines = made
            self.show(len(made), self._made_line)

    def _made_line(self, index: int, width: int) -> Text:
        number, line = self._lines[index]
        if number == self._chosen and (index == 0 or self._lines[index - 1][0] != number):
            line = line.copy()
            line.stylize(Style(reverse=True))
        return line

    def _tools(self) -> list[int]:
        return [number for number, each in enumerate(self._talk.said) if each.speaker is Speaker.TOOL]

    def on_resize(self, event: events.Resize) -> None:
        """Another width breaks other lines."""
        if self._width and self._width != max(20, event.size.width - 1):
            self.run_worker(self._make(), group="fold", exclusive=True)

    async def action_open_tool(self) -> None:
        """Open the chosen tool, or fold it."""
        if self._chosen >= 0:
            self._opened ^= {self._chosen}
            await self._make()
            self._bring()

    async def action_all(self) -> None:
        """Open all tools; where all are open, fold them."""
        tools = set(self._tools())
        self._opened = set() if self._opened >= tools else tools
        await self._make()
        self._bring()

    def action_step(self, by: int) -> None:
        """Choose another tool."""
        tools = self._tools()
        if tools:
            place = tools.index(self._chosen) if self._chosen in tools else 0
            self._chosen = tools[max(0, min(len(tools) - 1, place + by))]
            self._bring()
            self.refresh()

    def _bring(self) -> None:
        place = next((index for index, (number, _) in enumerate(self._lines) if number == self._chosen), None)
        if place is not None:
            top, height = self.scroll_offset.y, max(1, self.size.height)
            if not top <= place < top + height:
                self.scroll_to(y=max(0, place - height // 3), animate=False, immediate=True, force=True)


class TalkTab(FollowingTab):
    """Follows a conversation while it is in front.

    Args:
        paths: the state directory; questions run in threads with clients of their own.
    """

    def __init__(self, paths: Paths, id: str) -> None:
        self._paths = paths
        self.view = TalkView(f"{id}-view")
        super().__init__(self.view, "[ ] a tool   Enter opens it   f all", id)

    async def follow(self) -> None:
        """Read and show the talk until its task has ended."""
        seen: Talk | None = None
        while True:
            if self.about is not None:
                try:
                    found = await asyncio.to_thread(_talk, self._paths, self.about.task)
                except ParheliaError as error:
                    found = Talk(why_not=in_words(error))
                if found != seen:
                    await self.view.put(found)
                    seen = found
                if found.said and self.about.task.state in TASK_ENDED:
                    return
            await asyncio.sleep(LOOK_EVERY_S)


def _talk(paths: Paths, task: Task) -> Talk:
    with closing(Client(paths)) as door:
        return door.talk(task)
