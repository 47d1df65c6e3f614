"""Conversations of the real Claude Code: kept apart, and taken up in other containers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.agents.claude_fleet import PATIENCE_S, ask, use
from tests.support.fleet import container_of, create, end_of, event, shim_pid
from tests.support.product import Product
from tests.support.real_claude import VERSIONS, at_every_version
from tests.support.scripted_api import ScriptedApi
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


@pytest.mark.long
@at_every_version
def test_a_talk_goes_on_in_another_container(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "text", headless=True)
    first = end_of(client, task.id, PATIENCE_S)
    assert first.state is TaskState.COMPLETED
    event(client, "checkpoint.created", task_id=task.id)
    product.json("resume", task.id, "--message", "And what did I ask before?")
    wait_until(lambda: client.task(task.id).attempt == 2, PATIENCE_S)
    second = end_of(client, task.id, PATIENCE_S)
    assert second.state is TaskState.COMPLETED, client.log_tail(task.id)
    one, two = client.attempts(task.id)
    assert one.container_id != two.container_id
    assert one.conversation == two.conversation
    asked = api.messages("text")
    assert {each.session for each in asked} == {one.conversation}
    said = asked[-1].said
    assert "SCENARIO=text do it" in said
    assert "Hello from the script." in said
    assert "And what did I ask before?" in said
    assert second.turns == 2


@pytest.mark.long
@pytest.mark.parametrize("version", VERSIONS)
def test_a_talk_goes_on_in_another_container_at_another_path(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    # Without isolation the agent sees the paths of this machine, and a fork works in a directory of its own.
    options = {"headless": True}
    task = create(
        client, "SCENARIO=text do it", place, agent="claude", agent_options=options, unsandboxed=True
    )
    assert end_of(client, task.id, PATIENCE_S).state is TaskState.COMPLETED, client.log_tail(task.id)
    made = event(client, "checkpoint.created", task_id=task.id).data["checkpoint_id"]
    forked = client.task(product.json("checkpoint", "restore", made, "--container")["id"])
    assert end_of(client, forked.id, PATIENCE_S).state is TaskState.COMPLETED, client.log_tail(forked.id)
    assert container_of(client, forked.id).workspace != str(place)
    asked = api.messages("text")
    assert "Hello from the script." in asked[-1].said
    assert asked[-1].session == client.attempts(forked.id)[0].conversation != asked[0].session


@pytest.mark.long
def test_after_its_container_was_killed_it_goes_on_where_it_was(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path
) -> None:
    use(tmp_path)
    task = ask(client, place, "text")
    wait_until(lambda: client.task(task.id).agent_state == "idle", PATIENCE_S)
    wait_until(lambda: client.task(task.id).turns == 1, PATIENCE_S)
    product.json("checkpoint", "create", task.id)
    os.kill(shim_pid(product, container_of(client, task.id).id), signal.SIGKILL)
    wait_until(lambda: len(api.messages("text")) == 2, PATIENCE_S)
    one, two = client.attempts(task.id)
    assert one.conversation == two.conversation
    assert "started again after a failure" in api.messages("text")[-1].said
    wait_until(lambda: client.task(task.id).agent_state == "idle", PATIENCE_S)


@pytest.mark.long
def test_twenty_at_once_in_one_workspace_keep_twenty_conversations_apart(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path
) -> None:
    use(tmp_path, more="[controller]\nmax_containers = 20\n")
    made = [
        create(client, f"SCENARIO=text my number is {n:03d}.", place, agent="claude", agent_options={"headless": n % 2 == 0})
        for n in range(20)
    ]  # fmt: skip
    wait_until(lambda: len({each.session for each in api.messages("text")}) == 20, 300)
    talks = {
        client.attempts(each.id)[0].conversation: f"my number is {n:03d}." for n, each in enumerate(made)
    }
    assert len(talks) == 20
    for each in api.messages("text"):
        others = [said for talk, said in talks.items() if talk != each.session]
        assert talks[each.session] in each.said
        assert not [said for said in others if said in each.said]


@at_every_version
def test_what_a_helper_of_it_says_counts_too(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "subagent", headless=True, permission_mode="bypassPermissions")
    task = end_of(client, task.id, PATIENCE_S)
    assert task.state is TaskState.COMPLETED, client.log_tail(task.id)
    asked = len(api.messages())
    assert asked >= 3
    assert (task.turns, task.seen_input_tokens) == (asked, 1000 * asked)
