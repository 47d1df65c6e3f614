"""Reading the spool of a container from any offset on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from parhelia_tui.core.backends.base import SpoolRead
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

BYTES_A_READ = 1 << 20
_MOST_SEQ = 2**63 - 1
"""The largest number that the store can hold."""
_LATEST = 253_402_300_800.0
"""The year 10000, in epoch seconds: where Python's dates end."""


def read_spool(path: Path, offset: int) -> SpoolRead:
    """Read whole lines from `offset` (bytes) on, at most about a megabyte; nothing when there is no file.

    A spool only grows. One that is shorter than `offset` was cut by a damaged disk or by somebody, and is read
    from its beginning.

    Raises:
        ParheliaError: E500 when it cannot be read, which says nothing of what is in it.
    """
    again = False
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < offset:
                offset, again = 0, True
            file.seek(offset)
            data = file.read(BYTES_A_READ)
            if b"\n" not in data and len(data) == BYTES_A_READ:
                # One line longer than a reading is not of the shim's making; it is passed over and told of.
                end = _end_of_line(file)
                return (
                    SpoolRead((), (_beginning(data),), end, again)
                    if end
                    else SpoolRead((), (), offset, again)
                )
    except FileNotFoundError:
        return SpoolRead((), (), offset)
    except OSError as error:
        raise ParheliaError("E500", f"{path} cannot be read: {error.strerror}") from error
    read = parse(data, offset)
    return SpoolRead(read.records, read.damaged, read.offset, again)


def parse(data: bytes, offset: int) -> SpoolRead:
    """Split bytes that begin at `offset` of a spool; a last line without its newline is left for later."""
    whole = data[: data.rfind(b"\n") + 1]
    records: list[dict[str, Any]] = []
    damaged: list[str] = []
    for line in whole.split(b"\n"):
        if not line:
            continue
        record = _record(line)
        if record is None:
            damaged.append(_beginning(line))
        else:
            records.append(record)
    return SpoolRead(tuple(records), tuple(damaged), offset + len(whole))


def _end_of_line(file: BinaryIO) -> int:
    """Give where the line that is being read ends; 0 where it has no end yet."""
    while piece := file.read(BYTES_A_READ):
        if (at := piece.find(b"\n")) >= 0:
            return file.tell() - len(piece) + at + 1
    return 0


def _beginning(line: bytes) -> str:
    return one_line(line[:400].decode("utf-8", "replace"), 80)


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("type"), str):
        return None
    seq, at = record.get("seq"), record.get("at")
    # `bool` is an `int` to Python, but no number to us.
    if not isinstance(seq, int) or not isinstance(at, int | float) or bool in (type(seq), type(at)):
        return None
    # NaN fails every comparison.
    return record if 1 <= seq <= _MOST_SEQ and 0 <= at < _LATEST else None
