"""The files of a conversation, read while a hostile agent may change them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from parhelia_tui.core.model.redaction import redacted

LONGEST = 8 << 20
"""Bytes of a file that are read, its last ones; at 4 MB of text a minute that is more than a person scrolls."""
LINE = 1 << 20
"""Bytes of a line that is read; a longer one is passed over."""
TEXT = 20_000
"""Letters of one text that are kept."""
_LATEST = 1 << 33
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class TalkFiles(Protocol):
    """The directory in which an agent keeps its talk, wherever it lies now."""

    def names(self, path: str) -> list[str]:
        """Name what a directory below it holds; nothing where there is none."""

    def read(self, path: str) -> bytes:
        """Read the end of a file below it, `LONGEST` bytes at most; nothing where there is none."""


class HomeFiles:
    """A directory in the home of a container, on this machine. No link is followed and no device is waited for.

    Args:
        top: the directory; what lies above it is ours.
    """

    def __init__(self, top: Path) -> None:
        self._top = top

    def names(self, path: str) -> list[str]:
        """Name what a directory below it holds; nothing where there is none."""
        try:
            opened = self._open(path)
        except OSError:
            return []
        try:
            return sorted(os.listdir(opened))  # noqa: PTH208 - of a descriptor
        finally:
            os.close(opened)

    def read(self, path: str) -> bytes:
        """Read the end of a file below it; nothing where there is none."""
        above, _, name = path.rpartition("/")
        try:
            inside = self._open(above)
            try:
                file = os.open(name, _FILE, dir_fd=inside)
            finally:
                os.close(inside)
        except OSError:
            return b""
        with os.fdopen(file, "rb") as opened:
            seen = os.fstat(file)
            if not stat.S_ISREG(seen.st_mode):
                return b""
            opened.seek(max(0, seen.st_size - LONGEST))
            return opened.read(LONGEST)

    def _open(self, path: str) -> int:
        inside = os.open(self._top, _DIRECTORY)
        for name in path.split("/") if path else ():
            try:
                deeper = os.open(name, _DIRECTORY, dir_fd=inside)
            finally:
                os.close(inside)
            inside = deeper
        return inside


def objects(data: bytes) -> Iterator[dict[str, Any]]:
    """Give the objects among lines of JSON; what is no object, or half of one, is passed over."""
    for line in data.split(b"\n"):
        if not line.startswith(b"{") or len(line) > LINE:
            continue
        try:
            found = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def text_of(value: object) -> str:
    """A text that is not too long, without secrets of known shapes; nothing where it is none."""
    return redacted(value[:TEXT]) if isinstance(value, str) else ""


def time_of(value: object) -> float | None:
    """A time in epoch seconds that has a time of day; None for everything else."""
    return float(value) if isinstance(value, int | float) and 0 <= value < _LATEST else None


def given_of(value: object) -> tuple[str, str]:
    """What a tool was asked: as lines, and in a few words."""
    if not isinstance(value, dict):
        return "", ""
    lines, about = [], ""
    for name, each in value.items():
        said = each if isinstance(each, str) else _as_json(each)
        about = about or (said if isinstance(each, str) else "")
        lines.append(f"{name}: {said}"[:TEXT])
    return redacted("\n".join(lines)[:TEXT]), redacted(about[:300])


def _as_json(value: object) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        # Deeper than can be written, though it could be read.
        return "…"
