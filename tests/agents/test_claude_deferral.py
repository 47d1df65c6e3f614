"""Questions of the real Claude Code without a terminal outlive its container; the answer lets the talk go on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Approval, Task
from parhelia_tui.core.model.states import CONTAINER_ENDED, ApprovalState, TaskState
from tests.agents.claude_fleet import PATIENCE_S, ask, use
from tests.support.asking import waiting
from tests.support.fleet import container_of, end_of, kill_controller, shim_pid, types_of
from tests.support.product import Product
from tests.support.real_claude import at_every_version
from tests.support.scripted_api import ScriptedApi
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


def left_alone(product: Product, client: Client, task: Task) -> Approval:
    """Kill the supervisor of an agent that asks; gives the question that is left when all is settled."""
    [asked] = waiting(client, task)
    wait_until(lambda: client.task(task.id).state is TaskState.WAITING, PATIENCE_S)
    # Claude Code writes its conversation down a moment after it said it, and the call after the words before it.
    talks = client.paths.container(container_of(client, task.id).id) / "home" / ".claude" / "projects"
    wait_until(
        lambda: any(b'"type":"tool_use"' in each.read_bytes() for each in talks.glob("*/*.jsonl")), PATIENCE_S
    )
    os.kill(shim_pid(product, container_of(client, task.id).id), signal.SIGKILL)
    return until_deferred(client, task, asked)


def until_deferred(client: Client, task: Task, asked: Approval) -> Approval:
    """Wait until the container is gone, and the question is still there."""
    names = ("task.deferred", "checkpoint.created")
    wait_until(lambda: set(types_of(client, task_id=task.id, types=names)) == set(names), PATIENCE_S)
    assert container_of(client, task.id).state in CONTAINER_ENDED
    assert client.task(task.id).state is TaskState.WAITING
    assert [each.id for each in client.approvals.waiting()] == [asked.id]
    return asked


@pytest.mark.long
@at_every_version
def test_what_is_allowed_after_its_container_was_killed_is_done_without_asking_the_model_again(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "bash", headless=True)
    asked = left_alone(product, client, task)
    (place / "mine.txt").write_text("of a person\n")
    product.json("approval", "approve", asked.id)
    done = end_of(client, task.id, PATIENCE_S)
    assert done.state is TaskState.COMPLETED, client.log_tail(task.id)
    assert (place / "ran.txt").read_text() == "ran\n"
    assert (place / "mine.txt").exists()
    assert len(api.messages("bash")) == 2
    one, two = client.attempts(task.id)
    assert one.container_id != two.container_id
    assert one.conversation == two.conversation
    [seen] = client.approvals.listed()
    assert (seen.id, seen.state, seen.container_id) == (asked.id, ApprovalState.ALLOWED, two.container_id)


@pytest.mark.long
def test_a_container_whose_question_waits_long_is_let_go_and_a_refusal_is_told_in_the_next(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path
) -> None:
    use(tmp_path, more="[policy]\ndefer_s = 1.0\n[controller]\nhealth_s = 0.2\n")
    task = ask(client, place, "bash", headless=True)
    [asked] = waiting(client, task)
    until_deferred(client, task, asked)
    assert "waits for longer than 1 s" in client.task(task.id).reason
    assert client.task(task.id).agent_outcome == "deferred"
    kill_controller(product)
    product.json("approval", "deny", asked.id, "--reason", "not on a Friday")
    done = end_of(client, task.id, PATIENCE_S)
    assert (done.state, done.agent_outcome) == (TaskState.FAILED, "denied")
    assert not (place / "ran.txt").exists()
    assert "not on a Friday" in api.messages("bash")[-1].said
    assert client.approvals.get(asked.id).state is ApprovalState.DENIED


@pytest.mark.long
def test_a_question_is_answered_after_its_container_was_killed(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path
) -> None:
    use(tmp_path)
    task = ask(client, place, "ask", headless=True)
    asked = left_alone(product, client, task)
    product.json("approval", "approve", asked.id, "--answer", "2")
    assert end_of(client, task.id, PATIENCE_S).state is TaskState.COMPLETED
    assert "Blue" in api.messages("ask")[-1].said


@pytest.mark.long
@pytest.mark.parametrize("way", ["task", "container"])
def test_a_task_that_waits_without_a_container_can_be_ended_and_its_question_goes(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, way: str
) -> None:
    use(tmp_path)
    task = ask(client, place, "bash", headless=True)
    asked = left_alone(product, client, task)
    if way == "task":
        product.json("task", "cancel", task.id)
    else:
        product.json("container", "terminate", container_of(client, task.id).id)
    assert end_of(client, task.id, PATIENCE_S).state is TaskState.CANCELLED
    assert client.approvals.get(asked.id).state is ApprovalState.WITHDRAWN
    assert client.approvals.waiting() == []
