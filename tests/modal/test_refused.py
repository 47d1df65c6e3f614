"""A provider that says for a while that it is too much: nothing is lost by that, and nothing is done twice."""

from __future__ import annotations

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import container_of, end_of
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

WAIT_S = 60.0
MODAL = ("--backend", "modal", "--mode", "empty", "--agent", "shell")


def create(cloud: Product, command: str) -> str:
    """Create a task at the provider and give its id."""
    return str(cloud.json("task", "create", *MODAL, command)["id"])


def refuse(provider: Provider, rpc: str) -> None:
    """Have the next two calls of a kind refused."""
    provider.order("fault", rpc=rpc, status="RESOURCE_EXHAUSTED", times=2)


def test_the_work_of_a_task_that_is_cancelled_comes_home(cloud: Product, provider: Provider) -> None:
    task_id = create(cloud, "echo work > file; echo made; sleep 600")
    wait_until(lambda: "made" in cloud.run("task", "logs", task_id).stdout, WAIT_S)
    refuse(provider, "TaskExecStart")
    cloud.json("task", "cancel", task_id)
    client = Client(cloud.paths)
    assert end_of(client, task_id, WAIT_S).state is TaskState.CANCELLED
    assert (cloud.paths.workspaces / task_id / "file").read_text() == "work\n"
    # It ended by itself, and its end was told.
    assert (cloud.paths.container(container_of(client, task_id).id) / "exit.json").exists()
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


@pytest.mark.parametrize("rpc", ["TaskExecStart", "TaskExecStdinWrite*"])
def test_a_container_is_brought_again(cloud: Product, provider: Provider, rpc: str) -> None:
    refuse(provider, rpc)
    task_id = create(cloud, "echo done")
    client = Client(cloud.paths)
    assert end_of(client, task_id, WAIT_S).state is TaskState.COMPLETED
    assert cloud.run("task", "logs", task_id).stdout == "done\n"
    assert len(client.containers_of(task_id)) == len(provider.sandboxes(running=False)) == 1
