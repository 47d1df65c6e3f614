"""What the host knows of a container's shim, and how it speaks to it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.base import ExitRecord
from parhelia_tui.core.shim import processes
from parhelia_tui.core.shim.spec import EXIT, LOCK, PID, SPOOL


@dataclass(frozen=True, slots=True)
class ShimPid:
    """What shim.pid says, checked against the processes that run now."""

    pid: int
    first_pid: int
    same: bool


def alive(run_directory: Path) -> bool:
    """Whether a shim lives: it holds its lock as long as it does, and the kernel lets it go with it."""
    try:
        descriptor = os.open(run_directory / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who look at the same time do not take each other for the shim.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def started(run_directory: Path) -> bool:
    """Whether a shim ever began with this container."""
    return (run_directory / SPOOL).exists() or (run_directory / EXIT).exists()


def exit_record(run_directory: Path) -> ExitRecord | None:
    """Read exit.json; None when there is none, or when it is damaged, which a whole rename does not leave."""
    try:
        return ExitRecord.from_json(json.loads((run_directory / EXIT).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def shim_pid(run_directory: Path) -> ShimPid | None:
    """Read shim.pid; `same` only if that very process still runs, and not another that got its number."""
    try:
        said = json.loads((run_directory / PID).read_bytes())
        pid = int(said["pid"])
        first = int(said["first_pid"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    same = False
    with contextlib.suppress(OSError, IndexError):
        same = said.get("boot_id") == processes.boot_id() and said.get("start_time") == processes.start_time(
            pid
        )
    return ShimPid(pid, first, same)


async def ask(socket_path: Path, request: dict[str, Any], timeout_s: float = 5.0) -> dict[str, Any]:
    """Ask a shim.

    Raises:
        OSError: nobody answers there, or not in time.
    """
    reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(socket_path)), timeout_s)
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        line = await asyncio.wait_for(reader.readline(), timeout_s)
    finally:
        writer.close()
    try:
        return dict(json.loads(line))
    except ValueError as error:
        raise OSError("the shim gave no answer") from error


def kill(run_directory: Path) -> None:
    """Kill the shim, and its container with it, when it is certain that the process is ours."""
    known = shim_pid(run_directory)
    if known is not None and known.same:
        with contextlib.suppress(ProcessLookupError):
            os.kill(known.pid, signal.SIGKILL)
