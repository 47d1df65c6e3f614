"""What commands print: tables for people, one JSON envelope for programs, errors with ways out."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import CATALOGUE, ParheliaError
from parhelia_tui.core.model.text import one_line

GLYPHS = {
    "pending": "○", "dispatching": "◌", "running": "●", "waiting": "◆", "completed": "✓", "failed": "✗",
    "cancelled": "–", "needs_review": "◆", "creating": "◌", "stopping": "◌", "stopped": "✓", "terminated": "–",
    "orphaned": "!", "lost": "!", "created": "◌", "initializing": "◌", "ready": "●",
}  # fmt: skip
COLOURS = {
    "running": "cyan",
    "waiting": "yellow",
    "completed": "green",
    "failed": "red",
    "orphaned": "red",
    "lost": "red",
}


class Out:
    """Where one command's answer goes.

    Args:
        json_wanted: print the envelope instead of text.
        fields: keys that are kept of each record; all when empty.
    """

    def __init__(self, json_wanted: bool = False, fields: str | None = None) -> None:
        self.json_wanted = json_wanted
        self._fields = [each.strip() for each in fields.split(",")] if fields else []
        self._began = time.monotonic()
        self.client = Client.open()

    def answer(
        self, data: Any, text: str, *, next_actions: Sequence[str] = (), cost_usd: float | None = None
    ) -> None:
        """Print the answer: `data` as JSON, or `text`."""
        if not self.json_wanted:
            if text:
                click.echo(text)
            return
        envelope = {
            "success": True,
            "data": self._selected(plain_data(data)),
            "metadata": self._metadata(cost_usd),
            "next_actions": list(next_actions),
        }
        click.echo(json.dumps(envelope))

    def _metadata(self, cost_usd: float | None) -> dict[str, Any]:
        duration = round((time.monotonic() - self._began) * 1000, 1)
        return {"timestamp": time.time(), "duration_ms": duration, "cost_usd": cost_usd}

    def _selected(self, data: Any) -> Any:
        if not self._fields:
            return data
        if isinstance(data, list):
            return [self._selected(each) for each in data]
        return (
            {key: value for key, value in data.items() if key in self._fields}
            if isinstance(data, dict)
            else data
        )


def plain_data(value: Any) -> Any:
    """Records as plain values for JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain_data(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [plain_data(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): plain_data(each) for key, each in value.items()}
    return value


def fail(error: ParheliaError, *, json_wanted: bool) -> NoReturn:
    """Say an error and end with its exit code."""
    if json_wanted:
        name = CATALOGUE[error.code].name
        body = {"code": error.code, "name": name, "message": error.message, "details": error.details}
        envelope = {
            "success": False,
            "error": body,
            "suggestions": list(error.recovery),
            "metadata": {"timestamp": time.time(), "duration_ms": None, "cost_usd": None},
        }
        click.echo(json.dumps(envelope))
    else:
        click.secho(f"{error.code}: {one_line(error.message, 2000)}", fg="red", err=True)
        for command in error.recovery[:4]:
            click.echo(f"  try: {command}", err=True)
    sys.exit(int(error.exit))


def state(word: str) -> str:
    """A state as glyph and word, coloured where colour is shown."""
    return click.style(f"{GLYPHS.get(word, '·')} {word}", fg=COLOURS.get(word))


def age(at: float | None, now: float | None = None) -> str:
    """How long ago a moment (epoch seconds) was: 8s, 12m, 3h, 2d; a dash for none."""
    return "-" if at is None else length(max(0.0, (time.time() if now is None else now) - at))


def length(seconds: float) -> str:
    """A length of time in its largest unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def money(usd: float | None) -> str:
    """A cost; a dash where nobody knows it or nothing was spent."""
    return "-" if usd is None else f"${usd:.2f}" if usd >= 0.01 or usd == 0 else f"${usd:.4f}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], flexible: int = 1) -> str:
    """Columns under headings; the flexible column is cut so that a row fits the terminal."""
    if not rows:
        return "nothing there"
    from rich.cells import cell_len, set_cell_size

    plain = [[click.unstyle(cell) for cell in row] for row in rows]
    widths = [max(cell_len(line[at]) for line in ([*columns], *plain)) for at in range(len(columns))]
    try:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else 200
    except OSError:
        width = 200
    over = sum(widths) + 2 * (len(widths) - 1) - width
    if over > 0:
        widths[flexible] = max(8, widths[flexible] - over)
    lines = [
        click.style("  ".join(name.ljust(widths[at]) for at, name in enumerate(columns)).rstrip(), dim=True)
    ]
    for row, bare in zip(rows, plain, strict=True):
        cells = []
        for at, cell in enumerate(row):
            if cell_len(bare[at]) > widths[at]:
                cells.append(set_cell_size(bare[at], widths[at] - 1) + "…")
            else:
                cells.append(cell + " " * (widths[at] - cell_len(bare[at])))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
