"""At every step of a sandbox's life the client, the controller or the provider's answer is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.support.fleet import kill_controller
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 120.0
MODAL = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
COMMAND = "echo done"
LIVES = {"SandboxGetTunnelsV2": f"{COMMAND}; sleep 20"}
"""Where a sandbox is reached is asked once its door is open, which comes after the first output: it has to live as long."""
STEPS = (
    # create
    *("AppGetOrCreate", "ImageGetOrCreate", "SandboxCreateV2"),
    # register: the container is brought, its tunnel becomes known
    *("SandboxGetCommandRouterAccess", "TaskExecStart", "TaskExecStdinWrite", "SandboxGetTunnelsV2"),
    # heartbeats and the end of the container
    "TaskExecStdioRead",
    # terminate
    *("SandboxTerminateV2", "SandboxWaitV2"),
)


def came(provider: Provider, rpc: str) -> Callable[[], bool]:
    """Say whether a call has come."""
    return lambda: provider.order("calls").get(rpc, 0) >= 1


def ended_once(cloud: Product, provider: Provider, task_id: str) -> None:
    """One end, one output, one sandbox that ever was, and none that still is or is unknown."""
    wait_until(lambda: cloud.json("task", "show", task_id)["state"] == "completed", WAIT_S)
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    assert cloud.run("task", "logs", task_id).stdout == "done\n"
    assert len(provider.sandboxes(running=False)) == 1
    done = cloud.json("reconciler", "run")
    assert (done["complete"], done["orphans"], done["returned"]) == (True, [], [])
    assert [each["state"] for each in cloud.json("container", "list", "--all")] == ["stopped"]


@pytest.mark.parametrize("after", [False, True], ids=["call", "answer"])
@pytest.mark.parametrize("rpc", STEPS)
def test_a_call_or_its_answer_is_lost(cloud: Product, provider: Provider, rpc: str, after: bool) -> None:
    provider.order("fault", rpc=rpc, status="UNAVAILABLE", after=after)
    task_id = cloud.json("task", "create", *MODAL, LIVES.get(rpc, COMMAND))["id"]
    ended_once(cloud, provider, task_id)
    assert came(provider, rpc)()


@pytest.mark.parametrize("rpc", STEPS)
def test_the_controller_is_lost(cloud: Product, provider: Provider, rpc: str) -> None:
    provider.order("fault", rpc=rpc, latency_s=2.0)
    task_id = cloud.json("task", "create", *MODAL, LIVES.get(rpc, COMMAND))["id"]
    wait_until(came(provider, rpc), WAIT_S)
    kill_controller(cloud)
    cloud.json("controller", "start")
    ended_once(cloud, provider, task_id)


@pytest.mark.parametrize("rpc", STEPS)
def test_the_client_is_lost(cloud: Product, provider: Provider, rpc: str) -> None:
    provider.order("fault", rpc=rpc, latency_s=1.0)
    client = cloud.start("run", *MODAL[:-2], LIVES.get(rpc, COMMAND))
    wait_until(came(provider, rpc), WAIT_S)
    os.kill(client.pid, signal.SIGKILL)
    client.communicate(timeout=WAIT_S)
    (task,) = cloud.json("task", "list", "--all")
    ended_once(cloud, provider, task["id"])
