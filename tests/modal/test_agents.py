"""Agents in sandboxes: the real Claude Code over the meter inside, on money that is granted from here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from tests.egress.upstream import KEY
from tests.support import sshd
from tests.support.fleet import configure, create, end_of
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.real_claude import claude
from tests.support.scripted_api import ScriptedApi
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

PATIENCE_S = 90.0
INSIDE = "/opt/parhelia/claude-code/bin/claude"


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider whose image holds Claude Code, as npm would have put it there."""
    with Provider(tmp_path / "provider", {INSIDE: claude()}) as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def api(cloud: Product, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedApi]:
    """The scripted API, which sandboxes reach as far as their network lets them."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with ScriptedApi() as made:
        provider.order("reach", port=made.port)
        yield made
        cloud.close()


def ask(client: Client, api: ScriptedApi, tmp_path: Path, scenario: str, **fields: object) -> Task:
    """Store a task for Claude that plays a scenario in a sandbox, without a terminal if nobody says otherwise."""
    # There is none on this machine, and none is needed.
    configure(tmp_path, f'[claude]\npath = "/nowhere"\n[api]\nurl = "{api.url}"\n')
    wanted: dict[str, object] = {
        "agent_options": {"headless": True, "permission_mode": "bypassPermissions"},
        **{"backend": "modal", "workspace_mode": "empty", "network": "api", **fields},
    }
    return create(client, f"SCENARIO={scenario} do it", None, agent="claude", **wanted)


def booked(client: Client) -> int:
    """How many answers of a model are in the ledger."""
    return sum(each.answers for each in client.budgets.history("model") if each.name.startswith("claude"))


@pytest.mark.long
def test_claude_works_in_a_sandbox_and_every_answer_is_booked_once(
    client: Client, api: ScriptedApi, provider: Provider, tmp_path: Path
) -> None:
    task = ask(client, api, tmp_path, "write")
    ended = end_of(client, task.id, PATIENCE_S)
    assert (ended.state, ended.agent_outcome) == (TaskState.COMPLETED, "done"), client.log_tail(task.id)
    served = [each for each in api.asked if each.path.split("?")[0] == "/v1/messages"]
    assert {each.headers["x-api-key"] for each in served} == {KEY}
    wait_until(lambda: booked(client) == len(served), 30)
    assert (client.paths.workspaces / task.id / "made.txt").read_text() == "made\n"


@pytest.mark.long
@pytest.mark.skipif(not sshd.there_is_one(), reason="sandboxes have no ssh server here, or no second user")
def test_claude_in_its_terminal_asks_is_answered_and_told_from_here(
    client: Client, api: ScriptedApi, provider: Provider, tmp_path: Path
) -> None:
    task = ask(client, api, tmp_path, "bash", agent_options={})
    wait_until(lambda: client.approvals.waiting(client.task(task.id)), PATIENCE_S)
    (asked,) = client.approvals.waiting(client.task(task.id))
    assert client.task(task.id).state is TaskState.WAITING
    assert "ran.txt" in str(asked.input)
    client.approvals.answer(asked.id, "allow")
    wait_until(lambda: client.task(task.id).agent_state == "idle", PATIENCE_S)
    (sandbox,) = provider.sandboxes()
    assert (Path(sandbox["root"]) / "workspace" / "ran.txt").read_text() == "ran\n"
    # Its turns are told, and nobody had a dialog to answer first.
    assert client.task(task.id).agent_source
    sent = client.replies.send(task.id, "SCENARIO=text one more thing")
    assert client.replies.wait(sent.id, PATIENCE_S).evidence == "agent"
    wait_until(lambda: api.messages("text"), PATIENCE_S)
    client.cancel_task(task.id, "enough")
    end_of(client, task.id, PATIENCE_S)
    wait_until(lambda: booked(client) == len(api.messages()), PATIENCE_S)
