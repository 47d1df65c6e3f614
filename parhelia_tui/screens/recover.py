"""After a failure: what happened, the last good state, and a choice of how to go on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.core.model.display import age, glyph
from parhelia_tui.core.model.records import Checkpoint, Event, Task
from parhelia_tui.core.model.recovery import Way, ways
from parhelia_tui.core.model.text import one_line
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.painted_modal import PaintedModal
from parhelia_tui.widgets.pane import Pane

WORDS = {
    Way.RESUME: ("u", "go on from the last good state, in a new container"),
    Way.ROLLBACK: ("R", "bring the workspace back to it"),
    Way.RETRY: ("r", "begin anew, with the workspace as it is"),
    Way.INSPECT: ("l", "read what it printed"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a task after a failure.

    Args:
        task: as it is now.
        last: its newest checkpoint that can be used.
        events: its warnings and errors, the oldest first.
    """

    task: Task
    last: Checkpoint | None
    events: Sequence[Event]


class RecoverScreen(PaintedModal[Way | None]):
    """Tells the story and gives the way that was chosen; None for none.

    Args:
        story: what happened.
        now: epoch seconds.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "back"),
        *(Binding(key, f"choose('{way}')", words) for way, (key, words) in WORDS.items()),
    ]
    DEFAULT_CSS = """
    RecoverScreen { align: center middle; }
    RecoverScreen > Pane { width: 100; max-width: 98%; height: 24; max-height: 96%; padding: 0 1; background: $panel; }
    """

    def __init__(self, story: Story, now: float) -> None:
        super().__init__()
        self._story = story
        self._now = now

    def compose(self) -> ComposeResult:
        """What happened, then one line for each way."""
        view = LineView(id="story")
        view.show_lines(self._lines())
        pane = Pane("What happened", view, "recover")
        pane.border_subtitle = "Esc back"
        yield pane

    def _lines(self) -> list[Text]:
        task, last = self._story.task, self._story.last
        good = "there is no checkpoint"
        if last is not None:
            good = f"{last.id}, {age(last.created_at, self._now)} old, {last.files} files"
        about = (
            ("task", f"{task.id}  {task.title}"),
            ("state", f"{glyph(task.state)} {task.state}"),
            ("reason", task.reason),
            ("last words", task.last_line),
            ("last good", good),
        )
        lines = [Text(f"{name:<10}  {one_line(value, 300)}") for name, value in about if value]
        lines += [Text(), Text("What now", "bold")]
        for way in ways(task, last):
            key, words = WORDS[way]
            lines.append(Text.assemble((f"{key:<10}  ", "bold"), words))
        if self._story.events:
            lines += [Text(), Text("Warnings and errors", "bold")]
            for each in self._story.events:
                clock = time.strftime("%H:%M:%S", time.localtime(each.at))
                lines.append(Text(f"{clock}    {each.type}  {one_line(each.message, 300)}"))
        return lines

    def action_choose(self, way: str) -> None:
        """Give a way that there is; a key for one that there is not does nothing."""
        if Way(way) in ways(self._story.task, self._story.last):
            self.dismiss(Way(way))
        else:
            why = "it has not ended" if self._story.last is not None else "there is no checkpoint of it"
            self.query_one(Pane).border_subtitle = f"That is no way now: {why}   Esc back"
