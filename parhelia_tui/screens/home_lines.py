"""What stands in the panes and bars of the home screen, made from the fleet; nothing here draws.

Every text of a task, an agent or an event passes `one_line`: outside a terminal view it may be nothing but text.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from rich.style import Style
from rich.text import Text
from textual.binding import Binding

from parhelia_tui.core.model.display import age, count, doing, glyph, length, money
from parhelia_tui.core.model.records import Event, Task
from parhelia_tui.core.model.spares import in_words
from parhelia_tui.core.model.states import Health, TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.widgets import look
from parhelia_tui.widgets.bar import Part

TITLE_CUT = 300
"""Letters of a title or message that are looked at; no screen is wider."""

_KEY_RANKS = {"mark_all": 4, "tell": 3, "zoom": 3, "checkpoint": 2, "log": 1}
"""Keys that go first where the last line has no room for all; the help has every one."""

Colours = Mapping[str, str]


def top(fleet: FleetView, colours: Colours) -> list[Part]:
    """The line at the top: who works, on what, and what it has cost."""
    secondary = Style(color=colours.get("secondary"))
    parts = [
        Part(Text("parhelia", Style(bold=True, color=colours.get("primary")))),
        _controller(fleet, colours),
    ]
    if is_read_only():
        parts.append(Part(Text("READ-ONLY", Style(bold=True, color=colours.get("accent")))))
    about = fleet.controller
    if about.isolation == "none":
        parts.append(Part(Text("NOT ISOLATED", Style(bold=True, color=colours.get("error")))))
    isolation = f" ▪ {about.isolation}" if about.isolation else ""
    parts.append(Part(Text(f"{about.backend}{isolation}", secondary), 5))
    if there := _elsewhere(fleet):
        # It costs, so it stays longer than what is always the same.
        parts.append(Part(Text(there, secondary), 3))
    waits = fleet.count(TaskState.WAITING, TaskState.NEEDS_REVIEW)
    if waits:
        parts.append(waiting(waits, colours))
    parts.append(Part(Text(f"{fleet.count(TaskState.RUNNING, TaskState.DISPATCHING)} running")))
    queued = fleet.count(TaskState.PENDING)
    if queued:
        parts.append(Part(Text(f"{queued} queued"), 3))
    parts.append(Part(Text(f"{fleet.count(TaskState.COMPLETED)} done"), 6))
    failed = fleet.count(TaskState.FAILED)
    red = Style(color=colours.get("error")) if failed else Style.null()
    parts.append(Part(Text(f"{failed} failed", red), 2))
    parts.append(Part(Text(f"{money(fleet.totals.spent_today_usd)} today"), 4))
    if fleet.totals.burn_usd_per_hour:
        parts.append(Part(Text(f"{money(fleet.totals.burn_usd_per_hour)}/h"), 5))
    return parts


def trouble(fleet: FleetView) -> str:
    """What is in the way for as long as it lasts, as a full disk or a backend that does not answer; empty for nothing."""
    return "; ".join(fleet.controller.troubles())


def waiting(tasks: int, colours: Colours) -> Part:
    """How many tasks wait for a person."""
    said = f"◆ {tasks} wait{'s' if tasks == 1 else ''} for you"
    return Part(Text(said, Style(bold=True, color=colours.get("accent"))))


def _elsewhere(fleet: FleetView) -> str:
    """How many containers are not on this machine, where, and what is kept ready there; empty for nothing."""
    counts = Counter(each.backend for each in fleet.containers.values())
    del counts[fleet.controller.backend]
    said = [f"{number} at {one_line(name, 20)}" for name, number in sorted(counts.items())]
    return " ▪ ".join((*said, *in_words(fleet.controller.spares)))


def _controller(fleet: FleetView, colours: Colours) -> Part:
    about = fleet.controller
    if about.state == "running":
        since = f" {age(about.since, fleet.at)}" if about.since else ""
        return Part(Text(f"● controller{since}", Style(color=colours.get("success"))))
    if fleet.has_work:
        return Part(Text("✗ no controller", Style(bold=True, color=colours.get("error"))))
    return Part(Text("○ controller asleep", Style(color=colours.get("secondary"))))


def key(binding: Binding, colours: Colours) -> Part:
    """A key and its word for the last line; a click does the same."""
    act = binding.action if "." in binding.action else f"screen.{binding.action}"
    click = Style.from_meta({"@click": act})
    name = Style(bold=True, color=colours.get("primary")) + click
    return Part(
        Text(binding.key_display or binding.key, name).append(
            f" {binding.description}", Style(bold=False) + click
        ),
        _KEY_RANKS.get(binding.action, 0),
    )


def fold(fleet: FleetView, colours: Colours) -> list[Part]:
    """What a narrow screen keeps of the panes at the right: health, money, the newest event."""
    counts = Counter(each.health if fleet.watched else Health.UNKNOWN for each in fleet.containers.values())
    line = Text()
    for word, number in sorted((str(health), number) for health, number in counts.items()):
        line.append(f"{glyph(word)} {number} {word}   ", Style(color=look.colour(word, colours)))
    totals = fleet.totals
    line.append(f"{money(totals.spent_today_usd)} today  {money(totals.burn_usd_per_hour)}/h  ")
    if fleet.events:
        # Cut where the line ends, so the numbers stay.
        line.append_text(event_line(fleet, fleet.events[-1], colours, 40))
    return [Part(line)]


def event_line(fleet: FleetView, event: Event, colours: Colours, width: int) -> Text:
    """One line of the history: when, about what, and what happened."""
    form = "%H:%M:%S" if abs(fleet.at - event.at) < 86400 else "%d %b   "
    line = Text(f" {time.strftime(form, time.localtime(event.at))} ", Style(color=colours.get("secondary")))
    task = fleet.tasks.get(event.task_id or "")
    colour = {"warning": colours.get("warning"), "error": colours.get("error")}.get(event.level)
    message = one_line(event.message, TITLE_CUT)
    if task is not None and event.type != "task.created":
        line.append(
            f"{one_line(task.slug, 80)[: max(8, (width - 10) // 3)]} ", Style(color=colours.get("secondary"))
        )
    elif task is not None:
        message = f"new: {message}"
    line.append(message, Style(color=colour or colours.get("foreground")))
    return line


def _turns(task: Task) -> str:
    tokens = task.seen_input_tokens + task.seen_output_tokens
    return f"{task.turns} turns, {count(tokens)} tokens" if task.turns else ""


def headline(task: Task, now: float, step: str = "") -> str:
    """The title over the terminal of a task.

    Args:
        step: what the making of its container is at, or the way home of what it made; empty for neither.
    """
    name = one_line(task.slug, 60)
    if task.state is TaskState.WAITING:
        question = one_line(task.question, 200)
        return f"{name} ▪ asks: {question}" if question else f"{name} ▪ waits for you"
    if task.finished_at is None:
        return " ▪ ".join(
            filter(None, (name, str(task.state), one_line(step, 200), doing(task, now), _turns(task)))
        )
    took = f" in {length(task.finished_at - task.started_at)}" if task.started_at else ""
    return f"{name} ▪ {task.state}{took}: {one_line(task.reason, 200)}"
