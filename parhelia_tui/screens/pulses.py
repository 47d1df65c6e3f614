"""The health of the fleet in tiles: one number each, what it means, and how it went."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid

from parhelia_tui.core.model.display import Tone, age, glyph, money, percent, several, size
from parhelia_tui.core.model.states import Health, TaskState
from parhelia_tui.screens.budget_lines import burn_down
from parhelia_tui.screens.container_columns import word
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.widgets import look
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.pane import Pane

Colours = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pulse:
    """One tile.

    Args:
        tone: what it asks of the eye; None is calm.
        number: what counts, with its glyph.
        lines: what it is made of.
        filter: what `/` shows of it on the home screen.
    """

    name: str
    number: str
    lines: tuple[str, ...]
    tone: Tone | None = None
    filter: str = ""


class PulsesScreen(OverHome[str | None]):
    """Tiles that are gone through by Tab and the arrows. Gives the filter that shows what a tile counts.

    Args:
        fleet: what is shown of it, as it is at each moment.
    """

    TABLE = "pulses"
    crumb = "Pulses"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "show its tasks"),
        Binding("tab,right,l,down,j", "step(1)", "next tile"),
        Binding("shift+tab,left,h,up,k", "step(-1)", "tile before"),
        Binding("escape,q,P", "leave", "back"),
    ]
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012 - Textual declares it so
    DEFAULT_CSS = """
    PulsesScreen Grid { grid-size: 4 2; height: 1fr; }
    PulsesScreen.-narrow Grid { grid-size: 2 4; }
    PulsesScreen Pane { height: 1fr; padding: 0 1; }
    """

    def __init__(self, fleet: FleetView) -> None:
        super().__init__()
        self._fleet = fleet
        self._pulses: list[Pulse] = []
        self._tiles: list[tuple[Pane, LineView]] = []
        for pulse in pulses(fleet):
            view = LineView(id=f"pulse-{pulse.name}")
            self._tiles.append((Pane(pulse.name.capitalize(), view, f"pulse-{pulse.name}-pane"), view))

    def compose(self) -> ComposeResult:
        """A grid of tiles."""
        with Grid():
            for pane, _ in self._tiles:
                yield pane

    def on_mount(self) -> None:
        """Show them, and keep them true."""
        self._draw()
        self.set_interval(1.0, self._draw)
        self._tiles[0][1].focus()

    def _draw(self) -> None:
        colours = self.app.theme_variables
        self._pulses = pulses(self._fleet)
        for pulse, (pane, view) in zip(self._pulses, self._tiles, strict=True):
            pane.border_subtitle = "Enter shows them   Esc back" if pulse.filter and view.has_focus else ""
            view.show_lines(lines(pulse, colours))

    def on_descendant_focus(self) -> None:
        """Another tile says what Enter does."""
        self._draw()

    def _front(self) -> int:
        return next((number for number, (_, view) in enumerate(self._tiles) if view.has_focus), 0)

    def action_step(self, by: int) -> None:
        """Go to another tile."""
        self._tiles[(self._front() + by) % len(self._tiles)][1].focus()

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        if action == "open" and not self._pulses[self._front()].filter:
            return "this tile counts no tasks"
        return ""

    def action_open(self) -> None:
        """Show on the home screen what the tile counts."""
        if self.may("open"):
            self.dismiss(self._pulses[self._front()].filter)

    def action_leave(self) -> None:
        """Back, as it was."""
        self.dismiss(None)


def lines(pulse: Pulse, colours: Colours) -> list[Text]:
    """What stands in a tile."""
    colour = colours.get(look.COLOURS[pulse.tone]) if pulse.tone else colours.get("foreground")
    calm = Style(color=colours.get("secondary"))
    return [Text(pulse.number, Style(bold=True, color=colour)), *(Text(line, calm) for line in pulse.lines)]


def pulses(fleet: FleetView) -> list[Pulse]:
    """Read the health of the fleet."""
    made: tuple[Callable[[FleetView], Pulse], ...] = (
        _waiting, _running, _faults, _queue, _containers, _beats, _money, _controller,
    )  # fmt: skip
    return [make(fleet) for make in made]


def _waiting(fleet: FleetView) -> Pulse:
    reviews = fleet.count(TaskState.NEEDS_REVIEW)
    number = fleet.count(TaskState.WAITING) + reviews
    since = [task.agent_at or task.started_at or task.created_at for task in fleet.in_need.values()]
    lines = (
        f"{reviews} to be reviewed",
        f"oldest {age(min(since), fleet.at)}" if since else "nobody waits for you",
    )
    return Pulse(
        "waiting",
        f"{glyph('waiting')} {number} wait for you",
        lines,
        Tone.WAITS if number else None,
        "state:waiting",
    )


def _running(fleet: FleetView) -> Pulse:
    agents = Counter(
        task.agent
        for task in fleet.tasks.values()
        if task.state in (TaskState.RUNNING, TaskState.DISPATCHING)
    )
    number = fleet.count(TaskState.RUNNING, TaskState.DISPATCHING)
    lines = tuple(f"{count} {agent}" for agent, count in agents.most_common(3)) or ("nothing works",)
    return Pulse(
        "running",
        f"{glyph('running')} {number} running",
        lines,
        Tone.LIVE if number else None,
        "state:running",
    )


def _faults(fleet: FleetView) -> Pulse:
    failed, done = fleet.count(TaskState.FAILED), fleet.count(TaskState.COMPLETED)
    share = f"{100 * failed / (failed + done):.0f}% of what ended" if failed + done else "nothing has ended"
    lines = (share, f"{fleet.count(TaskState.CANCELLED)} cancelled")
    return Pulse(
        "failed",
        f"{glyph('failed')} {failed} failed",
        lines,
        Tone.BAD if failed else Tone.GOOD,
        "state:failed",
    )


def _queue(fleet: FleetView) -> Pulse:
    number = fleet.count(TaskState.PENDING)
    since = [task.created_at for task in fleet.tasks.values() if task.state is TaskState.PENDING]
    held = sum(1 for task in fleet.tasks.values() if task.state is TaskState.PENDING and task.reason)
    lines = (f"longest {age(min(since), fleet.at)}" if since else "nothing waits", f"{held} held back")
    return Pulse(
        "queue", f"{glyph('pending')} {number} queued", lines, Tone.WARNS if held else None, "state:pending"
    )


def _containers(fleet: FleetView) -> Pulse:
    counted = Counter(word(fleet, each) for each in fleet.containers.values())
    ill = sum(
        count for name, count in counted.items() if name in (Health.UNHEALTHY, Health.DEAD, Health.DEGRADED)
    )
    lines = tuple(f"{glyph(name)} {count} {name}" for name, count in sorted(counted.items())) or (
        "none runs",
    )
    tone = Tone.BAD if counted[Health.DEAD] + counted[Health.UNHEALTHY] else Tone.WARNS if ill else Tone.GOOD
    return Pulse(
        "containers", f"{len(fleet.containers)} containers", lines, tone if fleet.containers else None
    )


def _beats(fleet: FleetView) -> Pulse:
    live = list(fleet.containers.values())
    cpu, memory = sum(each.cpu_percent or 0.0 for each in live), sum(each.memory_bytes or 0 for each in live)
    late = max((fleet.at - each.last_heartbeat_at for each in live if each.last_heartbeat_at), default=None)
    series = [
        sum(beat.cpu_percent or 0.0 for beat in beats)
        for beats in zip(*(list(fleet.beats.get(each.id, ()))[-20:] for each in live), strict=False)
    ]
    lines = (
        f"{size(memory)} of memory",
        f"all heard of within {age(fleet.at - late, fleet.at)}" if late is not None else "no heartbeats",
        look.bars(series),
    )
    return Pulse("load", f"{percent(cpu)} of a processor", lines)


def _money(fleet: FleetView) -> Pulse:
    totals = fleet.totals
    ceiling = totals.ceilings.get("day") or totals.ceilings.get("all")
    of = f" of {money(ceiling)}" if ceiling else ""
    lines = (
        f"{money(totals.spent_today_usd)}{of} today",
        f"{several(totals.unknown_cost_entries, 'entry', 'entries')} of unknown cost",
        burn_down(fleet) or look.bars(totals.hours),
    )
    spent = ceiling is not None and totals.spent_today_usd >= 0.8 * ceiling
    return Pulse("spend", f"{money(totals.burn_usd_per_hour)} per hour", lines, Tone.WARNS if spent else None)


def _controller(fleet: FleetView) -> Pulse:
    about = fleet.controller
    up = about.state == "running"
    newest = fleet.events[-1].at if fleet.events else None
    lines = (
        f"{about.backend} {about.isolation}".strip(),
        f"up {age(about.since, fleet.at)}" if up and about.since else "it starts when there is work",
        f"newest event {age(newest, fleet.at)} ago" if newest else "no events",
        time.strftime("%H:%M:%S", time.localtime(fleet.at)),
    )
    bad = not up and fleet.has_work
    word = "✗ no controller" if bad else "● controller" if up else "○ controller asleep"
    return Pulse("controller", word, lines, Tone.BAD if bad else Tone.GOOD if up else None)
