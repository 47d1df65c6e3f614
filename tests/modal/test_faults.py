"""What a provider may do to us: refuse, delay, forget, lose, and say that it is too much."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 120.0
MODAL = ("--backend", "modal", "--mode", "empty", "--agent", "shell")


def created(cloud: Product, command: str) -> str:
    """Create a task at the provider and give its id."""
    return str(cloud.json("task", "create", *MODAL, command)["id"])


def state(cloud: Product, task_id: str) -> str:
    """The state of a task."""
    return str(cloud.json("task", "show", task_id)["state"])


@pytest.mark.parametrize("status", ["PERMISSION_DENIED", "INVALID_ARGUMENT", "UNAUTHENTICATED"])
def test_what_lasts_is_told_in_words_with_what_to_do(cloud: Product, provider: Provider, status: str) -> None:
    provider.order("fault", rpc="SandboxCreate*", times=100, status=status)
    done = cloud.run("run", *MODAL[:-2], "true", timeout=WAIT_S)
    assert done.returncode != 0
    (task,) = cloud.json("task", "list", "--all")
    assert "E503" in task["reason"]
    assert "Modal says" in task["reason"]
    assert provider.sandboxes(running=False) == []
    # What never was anywhere cost nothing.
    assert not cloud.json("task", "show", task["id"])["cost_usd"]
    # It was not asked again: that would change nothing.
    assert provider.order("calls")["SandboxCreateV2"] == 1


@pytest.mark.parametrize("status", ["RESOURCE_EXHAUSTED", "INTERNAL", "DEADLINE_EXCEEDED"])
def test_what_passes_is_tried_again(cloud: Product, provider: Provider, status: str) -> None:
    provider.order("fault", rpc="SandboxCreateV2", times=2, status=status)
    task_id = created(cloud, "echo done")
    wait_until(lambda: state(cloud, task_id) == "completed", WAIT_S)
    assert provider.order("calls")["SandboxCreateV2"] == 3
    assert len(provider.sandboxes(running=False)) == 1


@pytest.mark.parametrize(
    ("rpc", "said"),
    [
        ("SandboxCreate*", "waits for an answer of modal: "),
        ("Sandbox*", "waiting for modal, which does not answer"),
    ],
    ids=["certain", "uncertain"],
)
def test_an_outage_is_waited_for(cloud: Product, provider: Provider, rpc: str, said: str) -> None:
    """Where it can be known that nothing was made it waits in the queue; else its container waits, and is made once."""
    provider.order("fault", rpc=rpc, times=100_000, status="UNAVAILABLE")
    task_id = created(cloud, "echo done")

    def waiting() -> bool:
        shown = cloud.json("task", "show", task_id)
        return said in shown["reason"] + cloud.json("container", "show", shown["container_id"])["step"]

    wait_until(lambda: cloud.json("container", "list", "--all"), WAIT_S)
    wait_until(waiting, WAIT_S)
    provider.order("mend")
    wait_until(lambda: state(cloud, task_id) == "completed", WAIT_S)
    assert cloud.run("task", "logs", task_id).stdout == "done\n"
    assert len(provider.sandboxes(running=False)) == 1
    assert len(cloud.json("task", "show", task_id)["attempts"]) == 1


def held_up(cloud: Product, task_id: str) -> bool:
    """Say whether the container of a task waits for a provider that does not answer."""
    shown = cloud.json("task", "show", task_id)
    step = cloud.json("container", "show", shown["container_id"])["step"]
    return str(step) == "waiting for modal, which does not answer"


@pytest.mark.parametrize("rpc", ["TaskExecStart", "TaskExecStdioRead"], ids=["before", "after"])
def test_an_outage_while_a_container_is_brought_is_waited_for(
    cloud: Product, provider: Provider, rpc: str
) -> None:
    """Whether it has begun nobody knows: so nothing ends it, and it begins once."""
    provider.order("fault", rpc=rpc, times=100_000, status="UNAVAILABLE")
    task_id = created(cloud, "echo began >> count; cat count")
    wait_until(lambda: cloud.json("container", "list", "--all"), WAIT_S)
    wait_until(lambda: held_up(cloud, task_id), WAIT_S)
    (sandbox,) = provider.sandboxes()
    provider.order("mend")
    wait_until(lambda: state(cloud, task_id) == "completed", WAIT_S)
    assert cloud.run("task", "logs", task_id).stdout == "began\n"
    assert [each["id"] for each in provider.sandboxes(running=False)] == [sandbox["id"]]
    assert len(cloud.json("task", "show", task_id)["attempts"]) == 1


def test_a_container_that_may_have_begun_in_a_sandbox_that_is_gone_begins_nowhere_else(
    cloud: Product, provider: Provider
) -> None:
    provider.order("fault", rpc="TaskExecStdioRead", times=100_000, status="UNAVAILABLE")
    task_id = created(cloud, "sleep 1000")
    wait_until(lambda: cloud.json("container", "list", "--all"), WAIT_S)
    wait_until(lambda: held_up(cloud, task_id), WAIT_S)
    (sandbox,) = provider.sandboxes()
    provider.order("vanish", id=sandbox["id"])
    provider.order("mend")
    wait_until(lambda: state(cloud, task_id) == "failed", WAIT_S)
    assert "it may have begun there" in cloud.json("task", "show", task_id)["reason"]
    assert provider.order("calls")["SandboxCreateV2"] == 1


def waits(cloud: Product, task_id: str) -> bool:
    """Say whether a task waits in the queue for room at the provider, and says so and why, between two tries."""
    shown = cloud.json("task", "show", task_id)
    why: str = shown["reason"]
    return (
        shown["state"] == "pending"
        and why.startswith("waits for room at modal: ")
        and "a limit of the account is reached" in why
    )


def test_more_than_the_account_may_have_is_told_and_waited_for(cloud: Product, provider: Provider) -> None:
    provider.order("most_running", number=1)
    first = created(cloud, "until [ -e go ]; do sleep 0.1; done")
    wait_until(lambda: state(cloud, first) == "running", WAIT_S)
    second, third = created(cloud, "echo done"), created(cloud, "echo never")
    for each in (second, third):
        wait_until(partial(waits, cloud, each), WAIT_S)
    # Nobody else waits with them, and who is not wanted any more goes.
    done = cloud.run("run", "--mode", "empty", "echo here")
    assert (done.returncode, done.stdout) == (0, "here\n")
    cloud.json("task", "cancel", third)
    wait_until(lambda: state(cloud, third) == "cancelled", WAIT_S)
    # Some tries later it waits as before.
    tried = provider.order("calls")["SandboxCreateV2"]
    wait_until(lambda: provider.order("calls")["SandboxCreateV2"] > tried + 1, WAIT_S)
    wait_until(lambda: waits(cloud, second), WAIT_S)
    (sandbox,) = provider.sandboxes(running=False)
    (Path(sandbox["root"]) / "workspace" / "go").touch()
    wait_until(lambda: state(cloud, second) == "completed", WAIT_S)
    assert cloud.run("task", "logs", second).stdout == "done\n"
    # Its try before has ended too, and what it left now is looked through all the same.
    run = cloud.paths.container(cloud.json("task", "show", second)["container_id"])
    wait_until((run / "scrubbed").exists, WAIT_S)
    assert len(provider.sandboxes(running=False)) == 2
    # What was not made cost nothing.
    used = [each for each in cloud.json("container", "list", "--all") if each["task_id"] == second]
    made = [each for each in used if each["state"] == "stopped"]
    # However often it was asked for, it was one, and that was told once.
    assert (len(made), len(used)) == (1, 1)
    shown = cloud.json("task", "show", second)
    assert (shown["attempt"], len(shown["attempts"])) == (1, 1)
    told = [each["type"] for each in shown["events"]]
    assert [told.count(each) for each in ("task.dispatching", "container.failed", "container.started")] == [
        1,
        1,
        1,
    ]
    assert len(cloud.json("session", "list", "--all")) == len(cloud.json("container", "list", "--all"))
    lasted_s = made[0]["finished_at"] - made[0]["created_at"]
    assert cloud.json("task", "show", second)["cost_usd"] < 0.0001 * lasted_s


def test_a_slow_provider_holds_up_nobody_else(cloud: Product, provider: Provider) -> None:
    provider.order("fault", rpc="SandboxCreate*", latency_s=600.0)
    slow = created(cloud, "true")
    wait_until(lambda: provider.order("calls").get("SandboxCreateV2", 0) == 1, WAIT_S)
    done = cloud.run("run", "--mode", "empty", "echo here")
    assert (done.returncode, done.stdout) == (0, "here\n")
    assert state(cloud, slow) == "dispatching"
    provider.order("mend")
    wait_until(lambda: state(cloud, slow) == "completed", WAIT_S)
