"""The dashboard on a real terminal: first frame, the way of a row from another process, idling."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from bench.harness import ROUNDS, Result, median, percentile
from bench.home import benchmark_home, ended_task, fill, until
from bench.terminal import OnTerminal
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated

PARHELIA = str(Path(sys.executable).with_name("parhelia"))
BARE = (sys.executable, "-m", "bench.bare_app")
TASKS = 1000
ROWS_WRITTEN = 200
IDLE_S = 15.0
RUNNING = 20


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
        Result.at_most("screen", "idle over 20 running tasks", idle_share() * 100, "% of a core", 3),
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


def idle_share() -> float:
    """Share of one core that the dashboard takes while 20 containers run and nobody types."""
    with (
        benchmark_home(PARHELIA_CONTROLLER__MAX_CONTAINERS=str(RUNNING)) as client,
        tempfile.TemporaryDirectory(prefix="parhelia-bench-") as workspace,
    ):
        request = TaskRequest(prompt="echo waiting; sleep 600", workspace=workspace)
        started = client.create_tasks([request] * RUNNING)
        until(lambda: all(client.task(task.id).state is TaskState.RUNNING for task in started))
        with OnTerminal((PARHELIA,)) as terminal:
            terminal.until_drawn("echo waiting")
            drain(terminal, 3.0)
            used, began = terminal.processor_seconds(), time.perf_counter()
            drain(terminal, IDLE_S)
            return (terminal.processor_seconds() - used) / (time.perf_counter() - began)


def drain(terminal: OnTerminal, length_s: float) -> None:
    """Read what is drawn for so many seconds."""
    end = time.perf_counter() + length_s
    while (left := end - time.perf_counter()) > 0:
        terminal.read(left)
