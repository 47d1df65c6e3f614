"""A state directory of a benchmark's own, filled and emptied again."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Limits, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, TaskState
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated

DEADLINE_S = 60.0


@contextmanager
def benchmark_home(**variables: str) -> Iterator[Client]:
    """Give a client of a fresh state directory; afterwards nothing of it is left.

    Args:
        variables: further environment, for this process and for the controller that it starts.
    """
    root = Path(tempfile.mkdtemp(prefix="parhelia-bench-"))
    before = {name: os.environ.get(name) for name in ("PARHELIA_HOME", *variables)}
    os.environ.update({"PARHELIA_HOME": str(root / "home"), **variables})
    client = Client(Paths(root / "home"))
    try:
        yield client
        for container in client.containers(tuple(CONTAINER_LIVE)):
            client.terminate_container(container.id)
        until(lambda: not client.containers(tuple(CONTAINER_LIVE)))
    finally:
        client.stop_controller()
        client.close()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(root, ignore_errors=True)


def until(condition: Callable[[], bool], deadline_s: float = DEADLINE_S, every_s: float = 0.002) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: when it does not hold within `deadline_s` seconds.
    """
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("a benchmark waited too long")
        time.sleep(every_s)


def ended_task(number: int, title: str = "") -> Task:
    """A task that ended some time ago, as it stands in the store of somebody who works a lot."""
    at = time.time() - number * 60
    return Task(
        id=new_id("t"),
        slug=f"task-{number}",
        title=title or f"Benchmark task {number:06d}",
        prompt=f"Benchmark task {number:06d}: " + "do what is written here. " * 8,
        agent="demo",
        agent_options={},
        workspace="/workspace",
        workspace_mode="shared",
        backend="local",
        network="none",
        persistent=False,
        unsandboxed=False,
        env={},
        limits=Limits(),
        slot_wanted=None,
        priority=0,
        batch=None,
        state=TaskState.COMPLETED if number % 9 else TaskState.FAILED,
        wanted="run",
        reason="exit code 0",
        question="",
        last_line="",
        attempt=0,
        container_id=None,
        exit_code=0,
        input_tokens=0,
        output_tokens=0,
        cost_usd=None,
        created_at=at,
        started_at=None,
        finished_at=None,
        rev=0,
        version=1,
    )


def fill(paths: Paths, count: int) -> None:
    """Store `count` ended tasks."""
    private_directory(paths.home)
    db = open_migrated(paths.database)
    with writing(db) as tx:
        for number in range(count):
            tasks.add(tx, ended_task(number))
    db.close()
