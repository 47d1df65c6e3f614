"""The real Claude Code over the metered way: its answers are booked, and it stands still at a ceiling and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from tests.egress.upstream import KEY
from tests.support.fleet import configure, create, end_of, reach, workspace
from tests.support.product import Product
from tests.support.real_claude import at_every_version, claude
from tests.support.scripted_api import ScriptedApi
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

PATIENCE_S = 90.0


@pytest.fixture
def api(product: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedApi]:
    """The scripted API on loopback; the controller that a client starts finds the key in our environment."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with ScriptedApi() as made:
        yield made
        product.close()


def ask(
    client: Client, api: ScriptedApi, tmp_path: Path, version: str, scenario: str, **fields: object
) -> Task:
    """Store a task for Claude, without a terminal, that plays a scenario over the meter."""
    configure(tmp_path, f'[claude]\npath = "{claude(version)}"\n[api]\nurl = "{api.url}"\n')
    options = {"headless": True, "permission_mode": "bypassPermissions"}
    return create(
        client,
        f"SCENARIO={scenario} do it",
        workspace(tmp_path),
        agent="claude",
        agent_options=options,
        **{"network": "api", **fields},
    )


@at_every_version
@pytest.mark.parametrize("network", ["api", "open"])
def test_every_answer_is_booked_and_the_agents_own_count_is_not(
    client: Client, api: ScriptedApi, tmp_path: Path, version: str, network: str
) -> None:
    task = ask(client, api, tmp_path, version, "write", network=network)
    ended = end_of(client, task.id, PATIENCE_S)
    assert (ended.state, ended.agent_outcome) == (TaskState.COMPLETED, "done"), client.log_tail(task.id)
    served = [each for each in api.asked if each.path.split("?")[0] == "/v1/messages"]
    assert {each.headers["x-api-key"] for each in served} == {KEY}
    wait_until(lambda: sum(each.answers for each in client.budgets.history("model")) == len(served), 30)
    told = client.budgets.history("task")
    assert [(each.name, each.estimated) for each in told] == [(task.id, 0)]
    assert client.task(task.id).cost_usd == pytest.approx(told[0].usd)
    # What the steps of the scenario used is among it.
    assert told[0].input_tokens >= 1000 * len(api.messages("write"))


@pytest.mark.long
@at_every_version
def test_at_its_ceiling_it_stands_still_and_goes_on_as_if_nothing_had_been(
    client: Client, api: ScriptedApi, tmp_path: Path, version: str
) -> None:
    task = ask(client, api, tmp_path, version, "write", budget_usd=0.0001)
    waiting = reach(client, task.id, TaskState.WAITING, deadline_s=PATIENCE_S)
    assert waiting.reason == "budget"
    before = len(api.asked)
    wait_until(lambda: client.checkpoints.of(waiting), 60)
    assert len(api.asked) == before
    client.budgets.lift(task.id, 5.0)
    ended = end_of(client, task.id, PATIENCE_S)
    assert (ended.state, ended.agent_outcome) == (TaskState.COMPLETED, "done"), client.log_tail(task.id)
    assert (tmp_path / "work" / "made.txt").read_text() == "made\n"


@pytest.mark.long
@at_every_version
def test_who_is_stopped_is_told_in_words_and_ends_without_trying_again(
    client: Client, api: ScriptedApi, tmp_path: Path, version: str
) -> None:
    task = ask(client, api, tmp_path, version, "write", budget_usd=0.0001)
    waiting = reach(client, task.id, TaskState.WAITING, deadline_s=PATIENCE_S)
    before = len(api.asked)
    client.budgets.stop(waiting)
    ended = end_of(client, task.id, PATIENCE_S)
    assert ended.state is TaskState.FAILED
    assert ended.agent_outcome == "budget"
    assert len(api.asked) == before
    assert "A person has stopped this task" in "\n".join(client.log_tail(task.id))
