"""Reading what a task printed, as text that is safe to show and without secrets of known shapes."""

from __future__ import annotations

import os
from pathlib import Path

from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import plain

BYTES_A_LINE = 400
"""How much is read for each line that is wanted; colour makes lines long."""


def tail(path: Path, lines: int) -> list[str]:
    """Give the last lines of an output log; nothing when there is none.

    Args:
        path: the log; `path` with `.1` behind it holds what was before.
        lines: how many at most.
    """
    size = max(lines * BYTES_A_LINE, 65536)
    raw = last_bytes(path, size)
    if len(raw) < size:
        raw = last_bytes(path.with_name(path.name + ".1"), size - len(raw)) + raw
    if len(raw) >= size:
        # It begins somewhere in a line; half a key would not be known as one.
        raw = raw[raw.find(b"\n") + 1 :]
    shown = shown_lines(raw.decode("utf-8", "replace"))
    return redacted("\n".join(shown)).split("\n")[-lines:] if shown else []


def shown_lines(text: str) -> list[str]:
    """Make plain lines of what a terminal was sent; of a line drawn over in place the last form stays."""
    shown = []
    for line in text.replace("\r\n", "\n").split("\n"):
        kept = line.rstrip("\r").rpartition("\r")[2]
        shown.append(plain(kept))
    while shown and not shown[-1].strip():
        shown.pop()
    return shown


def last_bytes(path: Path, count: int) -> bytes:
    """Read the end of a file; nothing when there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - count))
            return log.read(count)
    except FileNotFoundError:
        return b""
