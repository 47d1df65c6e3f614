"""The dashboard beside work: idle over many containers, the wall of busy terminals, a terminal that is flooded."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.bench_screen import PARHELIA
from bench.harness import Result, median, percentile
from bench.home import benchmark_home, until
from bench.terminal import OnTerminal
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.states import TaskState

IDLE = ((20, 2), (100, 4))
"""Running tasks, and the share of a core in per cent that watching them may take."""
WATCHED_S, SETTLE_S = 15.0, 3.0
TERMINALS, FRAMES_PER_SECOND = 16, 10
FLOOD_MB = 100
NAME = "zqxjkvbw"
"""Typed as a filter while it floods, and no part of what is printed."""
ROUNDS = 13
START_S = 300.0


def measure() -> list[Result]:
    """Idle with twenty and with a hundred, then the wall, then a flood."""
    return [*idle(), wall(), *flood()]


def idle() -> list[Result]:
    """Watch tasks that only wait, while nobody types."""
    results = []
    for count, limit in IDLE:
        with running(["sleep 3600"] * count), OnTerminal((PARHELIA,)) as terminal:
            terminal.until_drawn("sleep 3600")
            terminal.drain(SETTLE_S)
            before = terminal.faults_of_children()
            share = share_of_core(terminal)
            started = terminal.faults_of_children() - before
        name = f"idle over {count} running tasks"
        results += [
            Result.at_most("busy", name, share, "% of a core", limit),
            Result.at_most("busy", f"{name}: page faults of processes that it started", started, "", 0),
        ]
    return results


def wall() -> Result:
    """Watch the terminals of many tasks, each of which prints ten lines a second."""
    busy = f"while :; do date +%N; sleep {1 / FRAMES_PER_SECOND}; done"
    with running([busy] * TERMINALS), OnTerminal((PARHELIA,), 200, 60) as terminal:
        terminal.until_drawn("while :")
        terminal.press("w")
        terminal.drain(SETTLE_S)
        share = share_of_core(terminal)
    name = f"the wall of {TERMINALS} terminals, {FRAMES_PER_SECOND} frames a second"
    return Result.at_most("busy", name, share, "% of a core", 50)


def flood() -> list[Result]:
    """Type while the terminal in sight prints without a pause."""
    command = f"yes 'what a flood prints' | head -c {FLOOD_MB}000000; sleep 3600; : {NAME}"
    with running([command], title=NAME), OnTerminal((PARHELIA,)) as terminal:
        terminal.until_drawn("what a flood prints")
        delays = typing(terminal)
    name = f"a flood of {FLOOD_MB} MB: key to paint"
    return [
        Result.reported("busy", f"{name}, median", median(delays) * 1000, "ms"),
        Result.at_most("busy", f"{name}, 99 %", percentile(delays, 0.99) * 1000, "ms", 50),
    ]


def typing(terminal: OnTerminal) -> list[float]:
    """Seconds from each letter of a filter that fits the one task to its paint."""
    delays = []
    for _ in range(ROUNDS):
        terminal.press("/")
        terminal.drain(0.2)
        for length in range(1, len(NAME) + 1):
            terminal.clear()
            pressed = time.perf_counter()
            terminal.press(NAME[length - 1])
            delays.append(terminal.until_drawn(NAME[:length]) - pressed)
            terminal.drain(0.03)
        for _ in range(2):
            terminal.press("\x1b")
            terminal.drain(0.3)
    return delays


def share_of_core(terminal: OnTerminal) -> float:
    """Share of one core in per cent that a program takes while its output is read."""
    used, began = terminal.processor_seconds(), time.perf_counter()
    terminal.drain(WATCHED_S)
    return (terminal.processor_seconds() - used) / (time.perf_counter() - began) * 100


@contextmanager
def running(commands: list[str], title: str | None = None) -> Iterator[Client]:
    """Run commands as tasks, each in a container; afterwards none is left."""
    with (
        benchmark_home(PARHELIA_CONTROLLER__MAX_CONTAINERS=str(len(commands))) as client,
        tempfile.TemporaryDirectory(prefix="parhelia-bench-") as workspace,
    ):
        requests = [TaskRequest(prompt=each, workspace=workspace, title=title) for each in commands]
        started = client.create_tasks(requests)
        until(
            lambda: all(client.task(task.id).state is TaskState.RUNNING for task in started),
            START_S,
            every_s=0.1,
        )
        yield client
