"""Creating containers through the controller, against bubblewrap alone."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

from bench.harness import ROUNDS, Result, file_seconds, median, seconds
from bench.home import benchmark_home, until
from parhelia_tui.core.backends.local.forks import IDLE_S
from parhelia_tui.core.client import Client
from parhelia_tui.core.control.rounds import CREATE_AT_ONCE
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.states import TASK_ENDED, TaskState

TOGETHER = 100
SINGLE = 9
"""Times the fewest samples: of 21 the ratio was 8.7 to 10.9 in runs beside each other, as a machine's slow moments meet
the one side or the other."""
BWRAP = ("bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "true")


def measure() -> list[Result]:
    """One container at a time, a hundred at once, and the memory of one that does nothing."""
    with (
        benchmark_home(PARHELIA_CONTROLLER__MAX_CONTAINERS=str(TOGETHER)) as client,
        tempfile.TemporaryDirectory(prefix="parhelia-bench-") as workspace,
    ):
        client.ensure_controller()
        one_file = file_seconds(Path(workspace))
        single(client, workspace)
        bare_times, single_times = [], []
        for _ in range(ROUNDS * SINGLE):
            bare_times.append(seconds(lambda: subprocess.run(BWRAP, check=True)))
            single_times.append(single(client, workspace))
        bare, one = median(bare_times), median(single_times)
        all_times = [together(client, workspace) for _ in range(ROUNDS)]
        memory, outside = idle_memory(client, workspace, 1)
        of_many, _ = idle_memory(client, workspace, CREATE_AT_ONCE)
    return [
        Result.reported("start", "a file in a directory of its own", one_file * 1e6, "us"),
        Result.reported("start", "bare bwrap true", bare * 1000, "ms"),
        Result.reported("start", "create to first output", one * 1000, "ms"),
        Result.at_most("start", "create to first output / bare bwrap", one / bare, "x", 10),
        Result.at_most("start", "100 at once / one", median(all_times) / one, "x", 60),
        Result.at_most("memory", "idle container: shim and tmux server", memory, "MB", 8),
        Result.at_most("memory", "idle container that began with others", of_many, "MB", 8),
        Result.reported("memory", "idle container: bubblewrap", outside, "MB"),
    ]


def single(client: Client, workspace: str) -> float:
    """Seconds from the wish to the first byte on the container's terminal."""
    began = time.monotonic()
    task = client.create_task(TaskRequest(prompt="echo here", workspace=workspace))
    until(partial(has_ended, client, task.id))
    return first_output(client, task) - began


def together(client: Client, workspace: str) -> float:
    """Seconds from the wish to the last of the first bytes of a hundred containers."""
    began = time.monotonic()
    tasks = client.create_tasks([TaskRequest(prompt="echo here", workspace=workspace)] * TOGETHER)
    # Seldom and one after the other, as the moments are read from what the supervisors wrote, and whoever looks
    # takes part of a core.
    for task in reversed(tasks):
        until(partial(has_ended, client, task.id), every_s=0.1)
    return max(first_output(client, task) for task in tasks) - began


def has_ended(client: Client, task_id: str) -> bool:
    """Say whether a task has ended."""
    return client.task(task_id).state in TASK_ENDED


def first_output(client: Client, task: Task) -> float:
    """The moment of the first byte, on the monotonic clock of the machine, as the shim wrote it down."""
    container = client.containers_of(task.id)[-1]
    spool = client.paths.container(container.id) / "spool.jsonl"
    for line in spool.read_text().splitlines():
        record = json.loads(line)
        if record["type"] == "first_output":
            return float(record["mono"])
    raise LookupError(f"{container.id} printed nothing")


def idle_memory(client: Client, workspace: str, count: int) -> tuple[float, float]:
    """Proportional memory in MB of shim, tmux server and what else stands in the pane, and of what bubblewrap adds.

    Of sleeping containers that begin together the one that takes most counts, once nothing is left of their beginning.

    Args:
        count: of containers.
    """
    tasks = client.create_tasks([TaskRequest(prompt="sleep 600", workspace=workspace)] * count)
    until(lambda: all(client.task(task.id).state is TaskState.RUNNING for task in tasks))
    # Who made several of them has left by then, and shares no memory with them any more.
    time.sleep(IDLE_S + 1)
    result = max(held(client, client.containers_of(task.id)[-1].id) for task in tasks)
    for task in tasks:
        client.cancel_task(task.id)
    until(lambda: all(client.task(task.id).state in TASK_ENDED for task in tasks))
    return result


def held(client: Client, container_id: str) -> tuple[float, float]:
    """What one container holds: shim, tmux server and pane, and bubblewrap."""
    shim = int(json.loads((client.paths.container(container_id) / "shim.pid").read_text())["pid"])
    server = int(
        subprocess.run(
            ["tmux", "-S", str(client.paths.tmux_socket(container_id)), "display-message", "-p", "#{pid}"],
            check=True,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
        ).stdout
    )
    inside = [pid for pid in children(shim) if b"bwrap" in (Path("/proc") / str(pid) / "comm").read_bytes()]
    # A shim that stands in its pane is a child of the server.
    pane = [int(word) for word in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
    return sum(map(proportional, {shim, server, *pane})), sum(map(proportional, inside))


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    direct = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return direct + [each for child in direct for each in children(child)]


def proportional(pid: int) -> float:
    """Proportional set size of a process in MB (proc_pid_smaps(5), Pss)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(f"no Pss of {pid}")
