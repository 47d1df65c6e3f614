"""A task that is cancelled while its sandbox is made: its command is not run, and its end is that it was cancelled."""

from __future__ import annotations

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import ContainerState, TaskState
from tests.support.fleet import container_of, end_of, types_of
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

WAIT_S = 60.0
MODAL = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
FOR_EVER_S = 600.0


def cancelled_during(cloud: Product, provider: Provider, rpc: str, command: str) -> str:
    """Create a task, cancel it while the provider is at a call, and give its id once it has ended."""
    provider.order("fault", rpc=rpc, latency_s=FOR_EVER_S)
    task_id = str(cloud.json("task", "create", *MODAL, command)["id"])
    wait_until(lambda: provider.order("calls").get(rpc, 0) >= 1, WAIT_S)
    cloud.json("task", "cancel", task_id)
    provider.order("mend")
    end_of(Client(cloud.paths), task_id, WAIT_S)
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    return task_id


def test_what_is_cancelled_while_its_sandbox_is_made_never_begins(cloud: Product, provider: Provider) -> None:
    task_id = cancelled_during(cloud, provider, "SandboxCreateV2", "date > began; sleep 20")
    client = Client(cloud.paths)
    assert client.task(task_id).state is TaskState.CANCELLED
    assert container_of(client, task_id).state is ContainerState.TERMINATED
    assert not (cloud.paths.workspaces / task_id / "began").exists()
    assert "container.started" not in types_of(client, task_id=task_id)
    assert len(provider.sandboxes(running=False)) == 1


@pytest.mark.long
def test_what_is_done_after_it_was_cancelled_is_cancelled(cloud: Product, provider: Provider) -> None:
    """It was on its way to its sandbox already, and was done before anybody could end it."""
    task_id = cancelled_during(cloud, provider, "TaskExecStart", "echo done")
    assert Client(cloud.paths).task(task_id).state is TaskState.CANCELLED
