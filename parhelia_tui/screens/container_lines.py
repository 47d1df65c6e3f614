"""What stands in the panes about a container; nothing here draws."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.client.insides import Process, SpoolLine
from parhelia_tui.core.model.display import age, length, limits_in_words, size
from parhelia_tui.core.model.mounting import in_words
from parhelia_tui.core.model.records import Container, Heartbeat
from parhelia_tui.core.model.states import CONTAINER_LIVE
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store.reached import Reached
from parhelia_tui.widgets import look

Colours = Mapping[str, str]
ROWS = 3
"""Lines of a chart: each has eight heights."""
USUAL_BEAT_S = 10.0


def resources(beats: Sequence[Heartbeat], now: float, width: int, colours: Colours) -> list[Text]:
    """Processor, memory and processes over time, a column for each span; without a heartbeat it stays empty."""
    if not beats:
        return [Text("No heartbeat has arrived yet.", "dim")]
    room = max(10, width - 2)
    begin = min(beats[0].at, now - room * USUAL_BEAT_S / 2)
    span = max((now - begin) / room, 1e-6)
    columns: list[list[Heartbeat]] = [[] for _ in range(room)]
    for beat in beats:
        columns[max(0, min(room - 1, int((beat.at - begin) / span)))].append(beat)
    # Where columns are shorter than the time between two beats, the gaps between them are none.
    held = _held(columns, span)
    calm = Style(color=colours.get("secondary"))
    lines = []
    for name, of, unit in _SERIES:
        values = [max((of(each) for each in column), default=None) if column else None for column in held]
        top = max((value for value in values if value is not None), default=0.0)
        last = of(beats[-1])
        lines.append(Text.assemble((f"{name:<11}", "bold"), unit(last), ("   most ", calm), unit(top)))
        lines += [Text(row, Style(color=colours.get("primary"))) for row in chart(values, top, ROWS)]
        lines.append(Text())
    lines.append(
        Text(f"{time.strftime('%H:%M:%S', time.localtime(begin))} to now, {length(now - begin)}", calm)
    )
    return lines


def _held(columns: Sequence[list[Heartbeat]], span: float) -> list[list[Heartbeat]]:
    most = max(1, round(1.5 * USUAL_BEAT_S / span))
    held, last, since = [], [], most  # type: list[list[Heartbeat]], list[Heartbeat], int
    for column in columns:
        since = 0 if column else since + 1
        last = column or last
        held.append(last if since < most else [])
    return held


def _percent(value: float) -> str:
    return f"{value:.0f} %"


def _bytes(value: float) -> str:
    return size(int(value))


def _count(value: float) -> str:
    return f"{value:.0f}"


_SERIES: tuple[tuple[str, Callable[[Heartbeat], float], Callable[[float], str]], ...] = (
    ("processor", lambda beat: beat.cpu_percent or 0.0, _percent),
    ("memory", lambda beat: float(beat.memory_bytes or 0), _bytes),
    ("processes", lambda beat: float(beat.pids or 0), _count),
)


def chart(values: Sequence[float | None], most: float, rows: int) -> list[str]:
    """Columns of so many rows, the top row first; None is an empty column, and zero a low line.

    Args:
        most: what a full column stands for.
    """
    heights = [
        None if value is None else max(1, round(value / most * rows * 8)) if most > 0 else 1
        for value in values
    ]
    drawn = []
    for row in reversed(range(rows)):
        line = ""
        for height in heights:
            inside = 0 if height is None else max(0, min(8, height - row * 8))
            line += look.BARS[inside - 1] if inside else " "
        drawn.append(line)
    return drawn


def facts(each: Container, now: float, colours: Colours, elsewhere: str = "") -> list[Text]:
    """What it is, in two lines; a third one names it as its provider does.

    Args:
        elsewhere: the provider's own id of it; empty for none.
    """
    limits = limits_in_words(each.limits)
    line = look.state(each.state, colours).append("   ")
    line.append_text(look.state(each.health, colours))
    line.append(
        f"   {each.backend}, slot {each.slot}, network {each.network}   {age(each.created_at, now)} old"
    )
    line.append(f"   heartbeat {age(each.last_heartbeat_at, now)} ago")
    more = [
        f"limits {limits}" if limits else "",
        "persistent" if each.persistent else "",
        f"image {each.image}" if each.image else "",
        *(f"shows {in_words(mount)}" for mount in each.mounts),
        one_line(each.step, 200),
        one_line(each.reason, 200),
        f"drifted: {one_line(each.drift, 300)}" if each.drift and each.state in CONTAINER_LIVE else "",
    ]
    second = Text(one_line(each.workspace, 300), Style(color=colours.get("secondary")))
    second.append("".join(f"   {part}" for part in more if part))
    if each.unsandboxed:
        second.append("   NO ISOLATION", Style(bold=True, color=colours.get("error")))
    third = [Text(f"at {each.backend} it is {one_line(elsewhere, 80)}", second.style)] if elsewhere else []
    return [line, second, *third]


def process_lines(found: Sequence[Process] | None, colours: Colours) -> list[Text]:
    """The processes as a tree."""
    if found is None:
        return [Text("Its processes are at its provider and are not seen from here.", "dim")]
    if not found:
        return [Text("No process of it runs on this machine.", "dim")]
    calm = Style(color=colours.get("secondary"))
    lines = [Text(f"{'PID':>7} S {'CPU':>7} {'MEMORY':>7}  COMMAND", calm)]
    for each in found:
        line = Text(f"{each.pid:>7} {each.state} {_seconds(each.cpu_s):>7} {size(each.memory_bytes):>7}  ")
        line.append("  " * min(each.depth, 8), calm)
        lines.append(line.append(each.command))
    return lines


def _seconds(value: float) -> str:
    return f"{value:.2f}s" if value < 100 else length(value)


def network_lines(found: Sequence[Reached], each: Container, now: float, colours: Colours) -> list[Text]:
    """Whom it called and whom it was denied, the last one first."""
    if not found:
        return [Text(f"It has called nobody yet (network {each.network}).", "dim")]
    lines = []
    for host in found:
        tone = Style(color=colours.get("error" if host.denied and not host.called else "foreground"))
        word = "✗ denied" if host.denied else "✓ called"
        counts = f"{host.called} called, {host.denied} denied"
        lines.append(
            Text(f"{word}  {one_line(host.host, 100)}  {counts}, {age(host.last_at, now)} ago", tone)
        )
    return lines


def spool_lines(found: Sequence[SpoolLine], colours: Colours) -> list[Text]:
    """The last records of its supervisor."""
    if not found:
        return [Text("Its supervisor has written nothing yet.", "dim")]
    calm = Style(color=colours.get("secondary"))
    lines = []
    for each in found:
        when = "" if each.at is None else time.strftime("%H:%M:%S", time.localtime(each.at))
        lines.append(
            Text.assemble((f"{each.seq:>6} {when:<8} ", calm), (f"{each.type:<14}", "bold"), f" {each.about}")
        )
    return lines
