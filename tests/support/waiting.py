"""Waiting for conditions, and looking at processes, without sleeping for luck."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

_STEP_S = 0.005
# A machine that does other things as well gets more time than the tests say; only what fails takes it.
PATIENCE: float = 3
# What a start of the interpreter takes on a machine that does nothing else.
_QUIET_START_S = 0.015


def wait_until(condition: Callable[[], object], deadline_s: float = 10.0) -> None:
    """Wait until a condition holds.

    Args:
        condition: called again and again; what it raises goes through.
        deadline_s: seconds until the test has failed, on a machine that does nothing else.

    Raises:
        AssertionError: it did not hold in time.
    """
    end = time.monotonic() + deadline_s * PATIENCE
    step = _STEP_S
    while not condition():
        if time.monotonic() > end:
            name = getattr(condition, "__qualname__", repr(condition))
            raise AssertionError(f"{name} did not hold within {deadline_s * PATIENCE:g} s")
        time.sleep(step)
        step = min(step * 1.5, 0.1)


async def until(condition: Callable[[], object | Awaitable[object]], deadline_s: float = 10.0) -> None:
    """The same as `wait_until` while an event loop goes on; the condition may be a coroutine function.

    Raises:
        AssertionError: it did not hold in time.
    """
    end = time.monotonic() + deadline_s * PATIENCE
    step = _STEP_S
    while True:
        holds = condition()
        if isinstance(holds, Awaitable):
            holds = await holds
        if holds:
            return
        if time.monotonic() > end:
            name = getattr(condition, "__qualname__", repr(condition))
            raise AssertionError(f"{name} did not hold within {deadline_s * PATIENCE:g} s")
        await asyncio.sleep(step)
        step = min(step * 1.5, 0.1)


def quickest(work: Callable[[], object], limit_s: float) -> float:
    """Seconds that something takes on a quiet machine; up to three tries where it takes longer than a limit."""
    took = []
    for _ in range(3):
        begun = time.monotonic()
        work()
        took.append(quiet_since(begun))
        if took[-1] < limit_s:
            break
    return min(took)


def quiet_since(begun: float) -> float:
    """Seconds since a moment of `time.monotonic`, less those that this machine spent on other things.

    How busy it is the starts of an interpreter tell, which take some time each on a quiet machine.
    """
    took = time.monotonic() - begun
    starts = []
    for _ in range(5):
        start = time.monotonic()
        subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
        starts.append(time.monotonic() - start)
    return took / max(1.0, sorted(starts)[2] / _QUIET_START_S)


def process_is_there(pid: int) -> bool:
    """Say whether a process lives; a zombie does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


def processes_with(word: str) -> list[int]:
    """The processes that have exactly this word among their arguments, without this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if word.encode() in words:
                found.append(int(entry.name))
    return found
