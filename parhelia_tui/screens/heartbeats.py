"""The heartbeats of containers as strips in which a missed one is a gap."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.display import age, percent, size
from parhelia_tui.core.model.records import Container, Heartbeat
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.widgets import look

Colours = Mapping[str, str]


def beat_line(fleet: FleetView, each: Container, colours: Colours, width: int) -> Text:
    """Name, a strip of processor use with gaps for missed beats, age of the last, cpu, memory where there is room."""
    memory = f" {size(each.memory_bytes):>6}" if width >= 46 else ""
    free = width - 12 - len(memory)
    strip_width = max(8, min(60, free * 4 // 9))
    name_width = max(8, min(40, free - strip_width))
    calm = colours.get("secondary")
    colour = (look.colour(each.health, colours) or calm) if fleet.watched else calm
    line = Text(f" {one_line(fleet.name_of(each), 80)[:name_width]:<{name_width}} ")
    line.append(f"{beat_strip(fleet, each)[-strip_width:]:<{strip_width}}", Style(color=colour))
    line.append(f" {age(each.last_heartbeat_at, fleet.at):>3}")
    line.append(f" {percent(each.cpu_percent):>4}{memory}", Style(color=calm))
    return line


def beat_strip(fleet: FleetView, each: Container) -> str:
    """A bar for each heartbeat, as high as the processor was busy, and a gap for each that is missing."""
    beats: list[Heartbeat] = list(fleet.beats.get(each.id, ()))
    beat_s = fleet.beat_s(each.id)
    strip: list[str] = []
    for number, beat in enumerate(beats):
        missed = round((beat.at - beats[number - 1].at) / beat_s) - 1 if number else 0
        strip.append(" " * max(0, min(missed, 60)))
        strip.append(look.bars([min(100.0, beat.cpu_percent or 0.0)], most=100.0))
    if each.last_heartbeat_at is not None:
        # The next one is due after one interval, and late by a little is not missed.
        silent = int((fleet.at - each.last_heartbeat_at) / beat_s - 0.5)
        strip.append(" " * max(0, min(silent, 60)))
    return "".join(strip)
