"""Killing the parts at any moment: every task still ends once, with its true exit code."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.states import CONTAINER_LIVE, TASK_ENDED, TaskState
from parhelia_tui.core.settings.process_lock import holder
from parhelia_tui.core.shim.processes import stat_fields
from tests.support.product import Product
from tests.support.waiting import processes_with, wait_until

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("chaos")]

KILLS = 50


def directory(tmp_path: Path) -> Path:
    """A workspace beside the state directory."""
    made = tmp_path / "workspace"
    made.mkdir(exist_ok=True)
    return made


def kill(pid: int) -> None:
    """Kill a process of the product as hard as can be."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        # It ended between being named and being killed, which is as good.
        pass


def kill_controller(client: Client) -> bool:
    """Kill the controller if one runs."""
    pid = holder(client.paths.controller_lock)
    if pid is None:
        return False
    kill(pid)
    return True


def shim_pid(client: Client, container_id: str) -> int:
    """The pid that the shim of a container wrote down."""
    import json

    path = client.paths.container(container_id) / "shim.pid"
    wait_until(lambda: path.exists() and path.stat().st_size > 0, 10)
    return int(json.loads(path.read_text())["pid"])


def makers(client: Client) -> list[int]:
    """The processes that make supervisors for the controller; a supervisor has that command too when it is new."""
    controller = holder(client.paths.controller_lock)
    found = []
    for pid in processes_with("fork"):
        # It may have ended meanwhile.
        with contextlib.suppress(OSError):
            if int(stat_fields(pid)[1]) == controller:
                found.append(pid)
    return found


def batch(client: Client, workspace: Path, count: int) -> dict[str, int]:
    """Create `count` commands that each leave one line and end with a code of their own.

    Returns:
        The exit code that each task must end with, by id.
    """
    workspace.mkdir()
    requests = [
        TaskRequest(
            prompt=f"echo start-{number} >> /workspace/starts; sleep 0.{number % 5}; exit {number % 7}",
            workspace=str(workspace),
        )
        for number in range(count)
    ]
    tasks = client.create_tasks(requests, batch="b-chaos")
    return {task.id: number % 7 for number, task in enumerate(tasks)}


def ended(client: Client, expected: dict[str, int]) -> dict[str, Task]:
    """The tasks of the batch that have ended."""
    return {task.id: task for task in client.tasks(batch="b-chaos") if task.state in TASK_ENDED}


def assert_each_ended_once(client: Client, expected: dict[str, int], workspace: Path) -> None:
    """Every task has its true code, one attempt, one container, one start and one event of its end."""
    for task_id, task in ended(client, expected).items():
        assert task.exit_code == expected[task_id], (task.reason, task)
        assert task.state is (TaskState.COMPLETED if expected[task_id] == 0 else TaskState.FAILED)
        assert len(client.attempts(task_id)) == 1
        assert len(client.containers_of(task_id)) == 1
        ends = [
            event
            for event in client.events(task_id=task_id, limit=1000)
            if event.type in ("task.completed", "task.failed", "task.cancelled")
        ]
        assert len(ends) == 1, ends
    starts = sorted((workspace / "starts").read_text().split())
    assert starts == sorted(f"start-{number}" for number in range(len(expected)))
    assert client.containers(states=tuple(CONTAINER_LIVE)) == []


@pytest.mark.long
def test_a_batch_survives_fifty_kills_of_its_controller(product: Product, tmp_path: Path) -> None:
    client = Client.open(product.paths)
    chance = random.Random(20)
    workspace = tmp_path / "workspace"
    expected = batch(client, workspace, 20)
    kills = 0
    while kills < KILLS:
        client.ensure_controller()
        # The moment of the kill is the fault that is injected, so here time itself is the input.
        time.sleep(chance.uniform(0.0, 0.12))
        kills += kill_controller(client)
    client.ensure_controller()
    wait_until(lambda: len(ended(client, expected)) == len(expected), 90)
    assert_each_ended_once(client, expected, workspace)


@pytest.mark.long
def test_a_batch_survives_kills_of_who_makes_its_supervisors(product: Product, tmp_path: Path) -> None:
    client = Client.open(product.paths)
    chance = random.Random(21)
    workspace = tmp_path / "workspace"
    killed: set[int] = set()
    expected = batch(client, workspace, 20)
    client.ensure_controller()

    def all_ended() -> bool:
        for pid in makers(client):
            # The moment of the kill is the fault that is injected, so here time itself is the input.
            time.sleep(chance.uniform(0.0, 0.12))
            kill(pid)
            killed.add(pid)
        return len(ended(client, expected)) == len(expected)

    wait_until(all_ended, 90)
    assert killed
    assert_each_ended_once(client, expected, workspace)


def test_a_killed_shim_takes_its_container_with_it(product: Product, tmp_path: Path) -> None:
    client = Client.open(product.paths)
    marker = f"86{os.getpid()}"
    task = client.create_task(TaskRequest(prompt=f"sleep {marker}", workspace=str(directory(tmp_path))))
    wait_until(lambda: client.task(task.id).state is TaskState.RUNNING, 20)
    container = client.containers_of(task.id)[0]
    wait_until(lambda: processes_with(marker) != [], 10)
    kill(shim_pid(client, container.id))
    wait_until(lambda: client.task(task.id).state is TaskState.FAILED, 20)
    assert "supervisor was killed" in client.task(task.id).reason
    wait_until(lambda: processes_with(marker) == [], 10)


def test_a_killed_terminal_server_takes_no_work_with_it(product: Product, tmp_path: Path) -> None:
    client = Client.open(product.paths)
    go = directory(tmp_path) / "go"
    task = client.create_task(
        TaskRequest(
            prompt="echo before; until [ -e /workspace/go ]; do sleep 0.05; done; echo after; exit 5",
            workspace=str(directory(tmp_path)),
        )
    )
    wait_until(lambda: client.task(task.id).state is TaskState.RUNNING, 20)
    endpoint = client.endpoint(task.id)
    server = server_pid(Path(endpoint.socket))
    kill(server)
    wait_until(lambda: server_pid_or_none(Path(endpoint.socket)) not in (None, server), 20)
    go.touch()
    wait_until(lambda: client.task(task.id).state in TASK_ENDED, 20)
    assert client.task(task.id).exit_code == 5
    assert [line for line in client.log_tail(task.id) if line in ("before", "after")] == ["before", "after"]


def test_after_everything_was_killed_at_once_each_task_has_one_end(product: Product, tmp_path: Path) -> None:
    client = Client.open(product.paths)
    tasks = [
        client.create_task(
            TaskRequest(prompt=f"sleep 87{number}{os.getpid()}", workspace=str(directory(tmp_path)))
        )
        for number in range(3)
    ]
    wait_until(lambda: all(client.task(task.id).state is TaskState.RUNNING for task in tasks), 20)
    doomed = [server_pid(Path(client.endpoint(task.id).socket)) for task in tasks]
    doomed += [shim_pid(client, client.containers_of(task.id)[0].id) for task in tasks]
    kill_controller(client)
    for pid in doomed:
        kill(pid)
    client.ensure_controller()
    wait_until(lambda: all(client.task(task.id).state in TASK_ENDED for task in tasks), 20)
    for number, task in enumerate(tasks):
        seen = client.task(task.id)
        assert (seen.state, len(client.attempts(task.id))) == (TaskState.FAILED, 1)
        assert processes_with(f"87{number}{os.getpid()}") == []
    assert client.containers(states=tuple(CONTAINER_LIVE)) == []


def server_pid_or_none(socket: Path) -> int | None:
    """The pid of the tmux server that answers at a socket."""
    import subprocess

    said = subprocess.run(
        ["tmux", "-S", str(socket), "display-message", "-p", "#{pid}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return int(said.stdout) if said.returncode == 0 and said.stdout.strip() else None


def server_pid(socket: Path) -> int:
    """The pid of the tmux server at a socket, waited for."""
    wait_until(lambda: server_pid_or_none(socket) is not None, 10)
    pid = server_pid_or_none(socket)
    assert pid is not None
    return pid
