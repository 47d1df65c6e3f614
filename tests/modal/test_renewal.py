"""A sandbox whose time is nearly over: work that can goes on in another one, and what cannot is told of and fetched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.control.renewal import LEAST_S
from parhelia_tui.core.model.states import TaskState, Trigger
from tests.support.fleet import configure, end_of, event, kill_controller, reach, types_of
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 90.0
SHORT = "[modal]\nsandbox_s = 36\nrenew_before_s = 18\n"


@pytest.fixture
def client(cloud: Product) -> Client:
    return Client(cloud.paths)


def begun(cloud: Product, *words: str) -> str:
    """Create a task at the provider and give its id."""
    made = cloud.json("task", "create", "--backend", "modal", "--mode", "empty", *words)
    return str(made["id"])


def demo(cloud: Product, *more: str) -> str:
    """A demo agent that waits for an answer."""
    options = ("--option", "seed=5", "--option", "pace=0", "--option", "ask=always", "--option", "turns=5")
    return begun(cloud, "--agent", "demo", *options, *more, "merge intervals")


def test_an_agent_goes_on_in_another_sandbox_with_its_talk_and_its_files(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, SHORT)
    task_id = demo(cloud, "--timeout", "1h")
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    (first,) = provider.sandboxes()
    assert first["timeout_s"] == 36
    (Path(first["root"]) / "workspace" / "late").write_text("written in the first sandbox")
    event(client, "task.renewed", task_id=task_id)
    wait_until(lambda: len(client.containers_of(task_id)) == 2, WAIT_S)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    old, new = client.containers_of(task_id)[:2]
    assert (old.wanted, new.wanted) == ("renew", "run")
    # A person's own limit goes on with the work, and is no longer than before.
    assert old.limits.lifetime_s == 3600
    assert new.limits.lifetime_s is not None
    assert 3560 < new.limits.lifetime_s < 3598
    (second,) = provider.sandboxes()
    assert second["id"] != first["id"]
    assert (Path(second["root"]) / "workspace" / "late").read_text() == "written in the first sandbox"
    # What it prints and what it reports come on two ways.
    wait_until(lambda: any("go on where I was" in line for line in client.log_tail(task_id)), WAIT_S)
    story = [each for each in types_of(client, task_id=task_id) if "renew" in each or each == "task.resumed"]
    assert story[:3] == ["container.renewing", "task.renewed", "task.resumed"]
    taken = [each for each in client.checkpoints.of(client.task(task_id)) if each.trigger is Trigger.RENEWAL]
    assert len(taken) >= 2
    assert client.task(task_id).recoveries == 0


def test_work_that_moves_while_there_is_no_room_waits_and_goes_on_as_it_would_have(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, SHORT)
    task_id = demo(cloud, "--timeout", "1h")
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    (first,) = provider.sandboxes()
    (Path(first["root"]) / "workspace" / "late").write_text("written in the first sandbox")
    provider.order("most_running", number=0)
    told = event(client, "task.held_back", task_id=task_id)
    assert "waits for room at modal" in told.message
    reach(client, task_id, TaskState.PENDING)
    provider.order("most_running", number=100)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    (second,) = provider.sandboxes()
    assert (Path(second["root"]) / "workspace" / "late").read_text() == "written in the first sandbox"
    made = [each for each in client.containers_of(task_id) if each.started_at]
    assert made[1].limits.lifetime_s is not None
    assert 3500 < made[1].limits.lifetime_s < 3598
    wait_until(lambda: any("go on where I was" in line for line in client.log_tail(task_id)), WAIT_S)


def test_an_agent_whose_results_cannot_come_goes_on_from_its_last_checkpoint_and_that_counts(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    """What it worked on is not here, so nothing can go on where it was; else it would begin anew again and again."""
    configure(tmp_path, f"{SHORT}results_mb = 1\n")
    task_id = demo(cloud)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    cloud.json("checkpoint", "create", task_id)
    (first,) = provider.sandboxes()
    (Path(first["root"]) / "workspace" / "large").write_bytes(os.urandom(3 << 20))
    wait_until(lambda: "task.recovering" in types_of(client, task_id=task_id), WAIT_S)
    wait_until(lambda: len(client.containers_of(task_id)) == 2, WAIT_S)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    assert client.task(task_id).recoveries == 1
    assert "task.renewed" not in types_of(client, task_id=task_id)


def test_a_command_that_cannot_move_is_told_of_and_what_it_made_is_fetched(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, SHORT)
    task_id = begun(cloud, "--agent", "shell", "echo made > file; sleep 600")
    told = event(client, "container.ends_soon", task_id=task_id)
    assert "a command cannot go on in another" in told.message
    ended = end_of(client, task_id, WAIT_S)
    assert (ended.state, ended.reason) == (TaskState.FAILED, "the time of its sandbox is nearly over")
    assert (cloud.paths.workspaces / task_id / "file").read_text() == "made\n"
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    assert len(provider.sandboxes(running=False)) == 1
    assert types_of(client, task_id=task_id).count("container.ends_soon") == 1


def test_a_task_s_own_lifetime_ends_it_though_its_sandbox_could_be_renewed(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nsandbox_s = 20\nrenew_before_s = 10\n")
    task_id = demo(cloud, "--timeout", "25s")
    ended = end_of(client, task_id, WAIT_S)
    assert ended.state is TaskState.FAILED
    assert "lifetime" in ended.reason
    used = client.containers_of(task_id)
    assert len(used) >= 2
    lived = [(each.finished_at or 0) - (each.started_at or 0) for each in used]
    assert sum(lived) >= 25
    # What one has lived is taken from the next: together they are given what the task was given.
    given = [each.limits.lifetime_s or 0 for each in used]
    assert given[0] == 25
    for (earlier, lasted), later in zip(zip(given, lived, strict=True), given[1:], strict=False):
        assert later == pytest.approx(max(LEAST_S, earlier - lasted))
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


def test_a_controller_that_is_killed_while_work_moves_moves_it_once(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, SHORT)
    task_id = demo(cloud)
    event(client, "container.renewing", task_id=task_id)
    kill_controller(cloud)
    client.ensure_controller()
    event(client, "task.renewed", task_id=task_id)
    kill_controller(cloud)
    client.ensure_controller()
    wait_until(lambda: len(client.containers_of(task_id)) == 2, WAIT_S)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    assert len(provider.sandboxes(running=False)) == 2
    assert types_of(client, task_id=task_id).count("container.renewing") == 1


def test_work_that_nobody_could_move_in_time_goes_on_when_a_controller_is_back(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nsandbox_s = 60\nrenew_before_s = 30\n")
    task_id = demo(cloud)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    (sandbox,) = provider.sandboxes()
    kill_controller(cloud)
    exit = Path(sandbox["root"]) / "var" / "lib" / "parhelia" / "exit.json"
    wait_until(exit.exists, WAIT_S)
    client.ensure_controller()
    event(client, "task.renewed", task_id=task_id)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    # What it prints and what it reports come on two ways.
    wait_until(lambda: any("go on where I was" in line for line in client.log_tail(task_id)), WAIT_S)
