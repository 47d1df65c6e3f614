"""What goes on in a container, as this machine sees it: its processes, and the last lines of its spool."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.client.logs import last_bytes
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths

MOST = 500
"""Processes that are told of; a container has a limit of its own."""
COMMAND = 4096
SPOOL_BYTES = 64 << 10
LATEST = 1 << 33
"""Epoch seconds beyond which nothing is a time."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a container. Its command is what the process says, and safe to show.

    Args:
        pid: on this machine.
        depth: how many processes lie between it and the container's first one.
        state: as /proc/PID/stat has it: R runs, S sleeps, D waits for a disk, T stands still, Z is a zombie.
        cpu_s: processor time so far.
        age_s: since it started.
    """

    pid: int
    depth: int
    state: str
    command: str
    cpu_s: float
    memory_bytes: int
    age_s: float


def processes(paths: Paths, container: Container) -> list[Process] | None:
    """Read the processes of a container, parents before their children; None where this machine does not have them."""
    if container.backend != "local":
        return None
    # The shim's own modules know which pids are still the container's, whoever else got them meanwhile.
    from parhelia_tui.core.shim import pid_file
    from parhelia_tui.core.shim.processes import children

    known = pid_file.read(str(paths.container(container.id)))
    found: list[Process] = []
    waiting = [(known[name], 0) for name in ("first", "child") if name in known][:1]
    while waiting and len(found) < MOST:
        pid, depth = waiting.pop()
        seen = _look(pid, depth)
        if seen is not None:
            found.append(seen)
        waiting += [(each, depth + 1) for each in sorted(children(pid), reverse=True)]
    return found


def _look(pid: int, depth: int) -> Process | None:
    from parhelia_tui.core.shim.processes import stat_fields

    try:
        fields = stat_fields(pid)
        with Path(f"/proc/{pid}/cmdline").open("rb") as file:
            words = file.read(COMMAND)
        with Path(f"/proc/{pid}/comm").open("rb") as file:
            name = file.read(64)
    except OSError:
        # It has ended since it was named.
        return None
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    said = (
        words.replace(b"\0", b" ").decode("utf-8", "replace")
        or f"[{name.decode('utf-8', 'replace').strip()}]"
    )
    started = int(fields[19]) / ticks
    return Process(
        pid=pid,
        depth=depth,
        state=fields[0],
        command=one_line(redacted(said), 400),
        cpu_s=(int(fields[11]) + int(fields[12])) / ticks,
        memory_bytes=int(fields[21]) * page,
        age_s=max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started),
    )


@dataclass(frozen=True, slots=True)
class SpoolLine:
    """One record of a container's spool, safe to show.

    Args:
        at: epoch seconds; None where the record has none.
    """

    seq: int
    at: float | None
    type: str
    about: str


def spool_tail(paths: Paths, container: Container, lines: int) -> list[SpoolLine]:
    """Read the last records that a container's supervisor wrote, the oldest of them first."""
    raw = last_bytes(paths.container(container.id) / "spool.jsonl", SPOOL_BYTES)
    found = []
    for line in raw.split(b"\n"):
        try:
            record = json.loads(line)
            if isinstance(record, dict):
                found.append(_spool_line(record))
        except (ValueError, RecursionError):
            # The end of a line that was cut, or one that is being written.
            continue
    return found[-lines:]


def _spool_line(record: dict[str, Any]) -> SpoolLine:
    rest = {name: each for name, each in record.items() if name not in ("seq", "at", "type")}
    at, seq = record.get("at"), record.get("seq")
    return SpoolLine(
        seq if isinstance(seq, int) else 0,
        # A spool that was brought from elsewhere may say anything, and this is shown as a time of day.
        at if isinstance(at, int | float) and 0 <= at < LATEST else None,
        one_line(str(record.get("type", "")), 40),
        one_line(redacted(json.dumps(rest, ensure_ascii=False)), 500) if rest else "",
    )
