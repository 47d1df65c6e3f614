"""The dashboard over large fleets that change all the time: keys, frames, memory, processor."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.bench_screen import BARE, PARHELIA, first_frame
from bench.fleet_store import fill_fleet, nobody_else_controls
from bench.harness import ROUNDS, Result, median, percentile
from bench.home import benchmark_home
from bench.terminal import OnTerminal

SIZES = ((80, 24), (200, 60))
TASKS, CONTAINERS, CHANGES_PER_SECOND = 10_000, 1_000, 500
MANY_TASKS = 100_000
KEYS = 200
"""Keys that a percentile stands on."""
TITLE = re.compile(rb"Benchmark task (\d{6})")
FILTER = "task 0990"
SETTLE_S = 3.0


def measure() -> list[Result]:
    """A fleet of ten thousand at two sizes, then one of a hundred thousand."""
    return [*large(), *very_large()]


def large() -> list[Result]:
    """10,000 tasks, 1,000 containers, 500 changed rows a second."""
    results = []
    with benchmark_home() as client:
        fill_fleet(client.paths, TASKS, CONTAINERS)
        with nobody_else_controls(client.paths):
            bare, ours = [], []
            for _ in range(ROUNDS + 1):
                bare.append(first_frame(BARE))
                ours.append(first_frame((PARHELIA,)))
            first = median(ours[1:]) / median(bare[1:])
            results.append(
                Result.at_most("fleet", "first frame over 10,000 tasks / bare app", first, "x", 1.6)
            )
            for columns, rows in SIZES:
                seen = watched(client.paths.home, columns, rows)
                name = f"at {columns}x{rows}, 500 changes/s"
                results += [
                    *keys(f"key to paint, {name}", seen.delays, 33),
                    Result.at_most("fleet", f"processor, {name}", seen.share * 100, "% of a core", 60),
                    Result.at_most("fleet", f"memory, {name}", seen.memory_mb, "MB", 180),
                    Result.at_most(
                        "fleet", f"last change to its paint, {name}", seen.last_s * 1000, "ms", 1000
                    ),
                ]
        _forget_containers(client.paths.database)
    return results


def very_large() -> list[Result]:
    """100,000 tasks: scrolling and filtering."""
    with benchmark_home() as client:
        fill_fleet(client.paths, MANY_TASKS, 0)
        with OnTerminal((PARHELIA,)) as terminal:
            began = terminal.until_drawn("Benchmark task 000000", 60) - terminal.began
            terminal.drain(SETTLE_S)
            scrolled = scrolling(terminal)
            typed = filtering(terminal)
            memory = resident_mb(terminal.pid)
    return [
        Result.reported("fleet", "first frame over 100,000 tasks", began * 1000, "ms"),
        *keys("100,000 tasks: scrolling, key to paint", scrolled, 50),
        *keys("100,000 tasks: filtering, key to paint", typed, 50),
        Result.reported("fleet", "100,000 tasks: memory", memory, "MB"),
    ]


def keys(name: str, delays: Delays, limit_ms: float) -> list[Result]:
    """Hold the time from key to paint to a limit, and say how much of it was the dashboard's own work."""
    return [
        Result.reported("fleet", f"{name}, median", median(delays.seconds) * 1000, "ms"),
        Result.at_most("fleet", f"{name}, 99 %", percentile(delays.seconds, 0.99) * 1000, "ms", limit_ms),
        Result.reported("fleet", f"{name}, processor, median", median(delays.worked) * 1000, "ms"),
        Result.reported("fleet", f"{name}, processor, 99 %", percentile(delays.worked, 0.99) * 1000, "ms"),
    ]


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of a dashboard while rows changed: keys, its share of a core, MB."""

    delays: Delays
    share: float
    memory_mb: float
    last_s: float


def watched(home: Path, columns: int, rows: int) -> Watched:
    """Scroll through a fleet while another process changes its rows."""
    with OnTerminal((PARHELIA,), columns, rows) as terminal:
        terminal.until_drawn("Benchmark task 000000")
        terminal.drain(SETTLE_S)
        with writer(home) as written:
            terminal.drain(SETTLE_S)
            used, began = terminal.processor_seconds(), time.perf_counter()
            delays = scrolling(terminal)
            terminal.drain(SETTLE_S)
            share = (terminal.processor_seconds() - used) / (time.perf_counter() - began)
            terminal.press("g")
            terminal.drain(1.0)
            ended = time.perf_counter()
        last = terminal.until_drawn(written[0]) - ended
        return Watched(delays, share, resident_mb(terminal.pid), last)


@contextmanager
def writer(home: Path) -> Iterator[list[str]]:
    """Let rows change meanwhile; afterwards the list has what the newest task has cost at last."""
    cost: list[str] = []
    command = [sys.executable, "-m", "bench.fleet_store", str(home), str(CHANGES_PER_SECOND)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield cost
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
        cost.append(said.split()[1])


@dataclass(frozen=True, slots=True)
class Delays:
    """From each key to its paint: seconds, and those in which the dashboard's loop had a processor."""

    seconds: list[float]
    worked: list[float]


def scrolling(terminal: OnTerminal) -> Delays:
    """Press keys that bring rows into sight, by the row and by the page in turns."""
    lowest = _lowest(terminal, "\x1b[6~", 0)[1]
    found = Delays([], [])
    for number in range(KEYS):
        before = terminal.loop_seconds()
        # Down to the end of the sight first, so that one row more is a new one.
        delay, lowest = _lowest(terminal, "\x1b[6~" if number % 2 else "j", lowest)
        found.seconds.append(delay)
        found.worked.append(terminal.loop_seconds() - before)
    return found


def _lowest(terminal: OnTerminal, key: str, known: int) -> tuple[float, int]:
    """Press a key until a row below all known ones is drawn; give the delay and the number of the lowest."""
    terminal.clear()
    pressed = time.perf_counter()
    terminal.press(key)
    while True:
        terminal.read(1.0)
        numbers = [int(each) for each in TITLE.findall(terminal.seen)]
        if numbers and max(numbers) > known:
            moment = time.perf_counter()
            break
        if time.perf_counter() - pressed > 10:
            raise TimeoutError(f"no row below {known} was drawn")
    terminal.drain(0.02)
    return moment - pressed, max(int(each) for each in TITLE.findall(terminal.seen))


def filtering(terminal: OnTerminal) -> Delays:
    """Type the letters of several filters."""
    found = Delays([], [])
    while len(found.seconds) < KEYS // 2:
        terminal.press("/")
        terminal.drain(0.3)
        for length in range(1, len(FILTER) + 1):
            terminal.clear()
            before, pressed = terminal.loop_seconds(), time.perf_counter()
            terminal.press(FILTER[length - 1])
            found.seconds.append(terminal.until_drawn(FILTER[:length].rstrip()) - pressed)
            terminal.drain(0.1)
            found.worked.append(terminal.loop_seconds() - before)
        terminal.press("\x1b")
        terminal.drain(0.3)
        terminal.press("\x1b")
        terminal.drain(0.5)
    return found


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (proc_pid_status(5), VmRSS)."""
    for line in (Path("/proc") / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(f"no VmRSS of {pid}")


def _forget_containers(database: Path) -> None:
    """Let no controller look for containers that never were."""
    import sqlite3

    db = sqlite3.connect(database)
    with db:
        db.execute("UPDATE containers SET state = 'terminated'")
        db.execute("UPDATE tasks SET state = 'completed'")
    db.close()
