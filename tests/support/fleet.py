"""Small steps over a product: its configuration, tasks, waiting for states, and processes behind them."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Container, Event, Task
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from parhelia_tui.core.settings.process_lock import holder
from tests.support.product import Product
from tests.support.waiting import process_is_there, wait_until

RELEASE = "until [ -e /workspace/go ]; do sleep 0.02; done"
"""A command that waits until the test makes the file `go` in the workspace."""


def configure(tmp_path: Path, text: str) -> None:
    """Write the user's configuration, before the controller starts."""
    path = tmp_path / "config" / "parhelia" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def workspace(tmp_path: Path, name: str = "work") -> Path:
    """A directory to work on, beside the state directory."""
    made = tmp_path / name
    made.mkdir(exist_ok=True)
    return made


def create(client: Client, prompt: str, place: Path | None, **fields: Any) -> Task:
    """Store a task; `place` is None for the mode `empty`."""
    return client.create_task(
        TaskRequest(prompt=prompt, workspace=None if place is None else str(place), **fields)
    )


def reach(client: Client, task_id: str, *states: TaskState, deadline_s: float = 20.0) -> Task:
    """Wait until a task is in one of these states, and give it."""
    wait_until(lambda: client.task(task_id).state in states, deadline_s)
    return client.task(task_id)


def end_of(client: Client, task_id: str, deadline_s: float = 20.0) -> Task:
    """Wait until a task has ended, and give it."""
    return reach(client, task_id, *TASK_ENDED, deadline_s=deadline_s)


def container_of(client: Client, task_id: str) -> Container:
    """The newest container of a task."""
    return client.containers_of(task_id)[-1]


def types_of(client: Client, **filters: Any) -> list[str]:
    """The types of the events that fit, oldest first."""
    return [event.type for event in client.events(limit=1000, **filters)]


def event(client: Client, type: str, **filters: Any) -> Event:
    """Wait for the first event of a type, and give it."""
    wait_until(lambda: client.events(types=(type,), oldest=True, limit=1, **filters), 20)
    return client.events(types=(type,), oldest=True, limit=1, **filters)[0]


def controller_pid(product: Product) -> int:
    """The pid of the controller, waited for."""
    wait_until(lambda: product.paths.controller_lock.exists() and holder(product.paths.controller_lock), 20)
    pid = holder(product.paths.controller_lock)
    assert pid is not None
    return pid


def kill_controller(product: Product) -> None:
    """Kill the controller, and return when it is gone."""
    pid = controller_pid(product)
    os.kill(pid, signal.SIGKILL)
    # Its first thread is gone before the others; with the last of them its lock and its sockets go.
    lock = product.paths.controller_lock
    wait_until(lambda: not process_is_there(pid) and holder(lock) != pid, 30)


def halt_controller(product: Product) -> int:
    """Let the controller stand still until somebody sends it SIGCONT, and give its pid.

    Not while it writes into the store: then nobody else could.
    """
    pid = controller_pid(product)
    wait_until(lambda: _stands_still(product, pid), 20)
    return pid


def _stands_still(product: Product, pid: int) -> bool:
    os.kill(pid, signal.SIGSTOP)
    with closing(sqlite3.connect(product.paths.database, timeout=0, isolation_level=None)) as store:
        try:
            store.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            return False
        store.execute("ROLLBACK")
    return True


def shim_pid(product: Product, container_id: str) -> int:
    """The pid of a container's supervisor, waited for."""
    run = product.paths.container(container_id)
    wait_until(lambda: "shim" in run_directory.processes_of(run), 10)
    return run_directory.processes_of(run)["shim"]
