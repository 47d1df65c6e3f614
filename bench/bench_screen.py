"""The dashboard on a real terminal: first frame, and the way of a row from another process."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench.harness import ROUNDS, Result, median, percentile
from bench.home import benchmark_home, ended_task, fill
from bench.terminal import OnTerminal
from parhelia_tui.core.client import Client
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated

PARHELIA = str(Path(sys.executable).with_name("parhelia"))
BARE = (sys.executable, "-m", "bench.bare_app")
TASKS = 1000
ROWS_WRITTEN = 200


def measure() -> list[Result]:
    """First frame against a bare app, then what it costs to watch."""
    with benchmark_home() as client:
        fill(client.paths, TASKS)
        bare, ours = [], []
        for _ in range(ROUNDS + 1):
            bare.append(first_frame(BARE))
            ours.append(first_frame((PARHELIA,)))
        delays = paint_delays(client)
    return [
        Result.reported("screen", "first frame of a bare Textual app", median(bare[1:]) * 1000, "ms"),
        Result.reported("screen", "first frame over 1,000 tasks", median(ours[1:]) * 1000, "ms"),
        Result.at_most("screen", "first frame / bare app", median(ours[1:]) / median(bare[1:]), "x", 1.5),
        Result.reported("screen", "row of another process to its paint, median", median(delays) * 1000, "ms"),
        Result.at_most(
            "screen", "row of another process to its paint, 99 %", percentile(delays, 0.99) * 1000, "ms", 100
        ),
    ]


def first_frame(command: tuple[str, ...]) -> float:
    """Seconds from the start of a program until the first task's title stands on the terminal."""
    with OnTerminal(command) as terminal:
        return terminal.until_drawn("Benchmark task 000000") - terminal.began


def paint_delays(client: Client) -> list[float]:
    """Seconds from the commit of a new row to its title on the terminal, for each of many rows."""
    delays = []
    db = open_migrated(client.paths.database)
    with OnTerminal((PARHELIA,)) as terminal:
        terminal.until_drawn("Benchmark task 000000")
        for number in range(ROWS_WRITTEN):
            title = f"Fresh row {number:04d}"
            with writing(db) as tx:
                tasks.add(tx, ended_task(-1 - number, title))
            written = time.perf_counter()
            delays.append(terminal.until_drawn(title) - written)
            # The row that is chosen stays where it is seen, so it must be the first for the next one to be seen.
            terminal.press("\x1b[H")
            # Not in step with any clock of the program.
            pause = time.perf_counter() + (number * 37 % 100) / 1000
            while (left := pause - time.perf_counter()) > 0:
                terminal.read(left)
    db.close()
    return delays
