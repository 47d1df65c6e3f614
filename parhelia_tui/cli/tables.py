"""States, lines and tables for people."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import click

from parhelia_tui.cli.output import on_terminal
from parhelia_tui.core.model.display import TONES, Tone, age, glyph, length, money, size
from parhelia_tui.core.model.records import Event
from parhelia_tui.core.model.text import one_line

__all__ = ["age", "length", "money", "size"]

COLOURS = {
    Tone.LIVE: "cyan", Tone.WAITS: "yellow", Tone.WARNS: "yellow", Tone.GOOD: "green", Tone.BAD: "red",
}  # fmt: skip
LEAST_WIDTH = 8


class Styled(str):
    """A text with colours of ours; every other text is taken for somebody else's and made safe."""

    __slots__ = ()


def styled(text: str, **colours: Any) -> Styled:
    """Make safe text coloured, with the arguments of `click.style`."""
    return Styled(click.style(one_line(text, 2000), **colours))


def state(word: str) -> Styled:
    """A state as glyph and word, coloured where colour is shown."""
    tone = TONES.get(word)
    return styled(f"{glyph(word)} {word}", fg=COLOURS[tone] if tone else None)


def event_line(event: Event) -> str:
    """One event of the history as a line."""
    clock = time.strftime("%H:%M:%S", time.localtime(event.at))
    colour = {"warning": "yellow", "error": "red"}.get(event.level)
    kind = click.style(f"{event.type:<22}", fg=colour)
    about = event.task_id or event.container_id or ""
    return f"{click.style(clock, dim=True)}  {kind} {about:<10}  {one_line(event.message, 500)}".rstrip()


def event_lines(found: Sequence[Event]) -> str:
    """Events as lines, or the words that there are none."""
    return "\n".join(map(event_line, found)) or nothing()


def nothing() -> str:
    """What stands where a list is empty."""
    return click.style("nothing there", dim=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], flexible: int = 1) -> str:
    """Aligned columns under headings.

    Args:
        columns: the headings.
        rows: cells; whatever is not `Styled` is made safe here.
        flexible: the column that is cut first so that a row fits the terminal; the widest one follows.
    """
    if not rows:
        return nothing()
    shown = [[cell if isinstance(cell, Styled) else one_line(cell, 2000) for cell in row] for row in rows]
    bare = [[click.unstyle(cell) for cell in row] for row in shown]
    widths = [max(cells(line[at]) for line in ([*columns], *bare)) for at in range(len(columns))]
    if on_terminal(1):
        import shutil

        _fit(widths, flexible, shutil.get_terminal_size().columns)
    heading = "  ".join(name.ljust(widths[at]) for at, name in enumerate(columns))
    lines = [click.style(heading.rstrip(), dim=True)]
    for row, plain in zip(shown, bare, strict=True):
        fitted = [
            cut(text, width) if cells(text) > width else cell + " " * (width - cells(text))
            for cell, text, width in zip(row, plain, widths, strict=True)
        ]
        lines.append("  ".join(fitted).rstrip())
    return "\n".join(lines)


def fields_table(data: Any, fields: Sequence[str]) -> str:
    """The chosen fields of records as a table."""
    records = data if isinstance(data, list) else [data]
    rows = [[_word(each.get(name)) for name in fields] for each in records if isinstance(each, dict)]
    return table([name.upper() for name in fields], rows, len(fields) - 1)


def fields_line(record: Mapping[str, Any]) -> str:
    """The chosen fields of one record as a line."""
    return "  ".join(one_line(_word(value), 2000) for value in record.values())


def details(pairs: Sequence[tuple[str, str]]) -> str:
    """Names with values, one a line, made safe as in a table; what has no value is left out."""
    known = [(name, v if isinstance(v, Styled) else one_line(v, 2000)) for name, v in pairs if v]
    width = max((len(name) for name, _ in known), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in known)


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(letter) for letter in text)


def cut(text: str, width: int) -> str:
    """The beginning of a text with an ellipsis, exactly so many columns wide."""
    kept, used = [], 0
    for letter in text:
        wide = _cells_of(letter)
        if used + wide > width - 1:
            break
        kept.append(letter)
        used += wide
    return "".join(kept) + "…" + " " * (width - 1 - used)


def _cells_of(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _fit(widths: list[int], flexible: int, width: int) -> None:
    """Narrow columns until a row fits: the flexible one, then again and again the widest."""
    over = sum(widths) + 2 * (len(widths) - 1) - width
    order = [flexible, *sorted(range(len(widths)), key=lambda at: -widths[at])]
    for at in order:
        if over <= 0:
            return
        less = min(over, max(0, widths[at] - LEAST_WIDTH))
        widths[at] -= less
        over -= less


def _word(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)
