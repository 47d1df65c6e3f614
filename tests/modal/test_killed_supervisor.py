"""A supervisor in a sandbox that is killed, as where memory runs out: its container ends at once and its work comes home."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import ContainerState, TaskState
from tests.support.fleet import container_of, end_of, event, reach
from tests.support.modal_provider import Provider, supervisor_pid
from tests.support.product import Product
from tests.support.waiting import process_is_there, processes_with, wait_until

pytestmark = pytest.mark.real

WAIT_S = 60.0
MODAL = ("--backend", "modal", "--mode", "empty")


@pytest.fixture
def client(cloud: Product) -> Client:
    return Client(cloud.paths)


def kill_supervisor(sandbox: dict[str, Any]) -> None:
    """Kill it."""
    os.kill(supervisor_pid(sandbox), signal.SIGKILL)


def test_what_a_command_made_comes_home_and_its_sandbox_ends(
    cloud: Product, client: Client, provider: Provider
) -> None:
    script = "echo work > file; setsid sleep 98765 & echo made; sleep 98765; true"
    task_id = cloud.json("task", "create", *MODAL, "--agent", "shell", script)["id"]
    wait_until(lambda: "made" in cloud.run("task", "logs", task_id).stdout, WAIT_S)
    left = processes_with("98765")
    kill_supervisor(provider.sandboxes()[0])
    ended = end_of(client, task_id, WAIT_S)
    assert (ended.state, ended.reason) == (
        TaskState.FAILED,
        "its supervisor was killed, and the container with it",
    )
    assert container_of(client, task_id).state is ContainerState.FAILED
    assert (cloud.paths.workspaces / task_id / "file").read_text() == "work\n"
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    assert left
    assert not any(map(process_is_there, left))


def test_an_agent_goes_on_from_its_last_checkpoint(
    cloud: Product, client: Client, provider: Provider
) -> None:
    options = ("--option", "seed=5", "--option", "pace=0", "--option", "ask=always", "--option", "turns=5")
    task_id = cloud.json("task", "create", *MODAL, "--agent", "demo", *options, "merge intervals")["id"]
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    taken = cloud.json("checkpoint", "create", task_id)
    (first,) = provider.sandboxes()
    kill_supervisor(first)
    event(client, "task.recovering", task_id=task_id)
    wait_until(lambda: len(client.containers_of(task_id)) == 2, WAIT_S)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    task = client.task(task_id)
    assert (task.resume_from, task.recoveries) == (taken["id"], 1)
    wait_until(lambda: first["id"] not in [each["id"] for each in provider.sandboxes()], WAIT_S)
    assert len(provider.sandboxes()) == 1
