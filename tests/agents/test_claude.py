"""The real Claude Code in real containers without a network, at the oldest and the newest tested version."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.said import Speaker
from parhelia_tui.core.model.states import TaskState
from tests.agents.claude_fleet import PATIENCE_S, ask, use
from tests.support.fleet import configure, create, end_of, reach
from tests.support.product import Product
from tests.support.real_claude import at_every_version, claude
from tests.support.scripted_api import ScriptedApi
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


@at_every_version
def test_headless_it_works_and_ends(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "write", headless=True, permission_mode="bypassPermissions")
    task = end_of(client, task.id, PATIENCE_S)
    assert (task.state, task.exit_code) == (TaskState.COMPLETED, 0), client.log_tail(task.id)
    assert (place / "made.txt").read_text() == "made\n"
    assert task.last_line == "The file is there."
    assert (task.agent_state, task.agent_source, task.agent_outcome) == ("done", "process", "done")
    assert (task.turns, task.seen_input_tokens, task.seen_output_tokens) == (4, 4000, 240)
    assert [each.step for each in api.messages("write")] == [0, 1, 2, 3]
    talk = client.talk(task)
    assert talk.source.startswith("container c-")
    assert (talk.said[0].speaker, talk.said[0].text) == (Speaker.PERSON, task.prompt)
    assert (talk.said[-1].speaker, talk.said[-1].text) == (Speaker.AGENT, "The file is there.")
    tools = [each for each in talk.said if each.speaker is Speaker.TOOL]
    assert tools
    assert all(each.done and each.about for each in tools)


@pytest.mark.long
@at_every_version
def test_in_its_terminal_it_begins_without_a_dialog_and_waits_when_it_is_done(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "write", permission_mode="bypassPermissions")
    wait_until(lambda: client.task(task.id).agent_state == "idle", PATIENCE_S)
    task = reach(client, task.id, TaskState.WAITING)
    assert task.question == "The file is there."
    assert task.agent_source == "hook"
    wait_until(lambda: client.task(task.id).turns == 4, PATIENCE_S)
    assert (place / "made.txt").read_text() == "made\n"


@pytest.mark.long
@at_every_version
def test_a_tool_waits_for_a_person_and_runs_when_it_is_approved(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "bash")
    wait_until(lambda: client.task(task.id).agent_state == "permission", PATIENCE_S)
    # Its session file may tell of it first, and in fewer words.
    wait_until(lambda: client.task(task.id).agent_source == "hook", PATIENCE_S)
    seen = reach(client, task.id, TaskState.WAITING)
    assert (seen.agent_source, seen.agent_tool, seen.agent_detail) == ("hook", "Bash", "echo ran > ran.txt")
    wait_until(lambda: product.json("approval", "list"), PATIENCE_S)
    (waiting,) = product.json("approval", "list")
    assert (waiting["tool"], waiting["input"]["command"]) == ("Bash", "echo ran > ran.txt")
    assert not (place / "ran.txt").exists()
    product.json("approval", "approve", waiting["id"])
    wait_until(lambda: client.task(task.id).agent_state == "idle", PATIENCE_S)
    assert (place / "ran.txt").read_text() == "ran\n"
    assert product.json("approval", "list") == []


@at_every_version
def test_headless_a_question_is_answered_by_a_person(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "ask", headless=True)
    wait_until(lambda: client.task(task.id).agent_state == "question", PATIENCE_S)
    wait_until(lambda: product.json("approval", "list"), PATIENCE_S)
    (waiting,) = product.json("approval", "list")
    assert waiting["kind"] == "question"
    product.json("approval", "approve", waiting["id"], "--answer", "Blue")
    task = end_of(client, task.id, PATIENCE_S)
    assert (task.state, task.last_line) == (TaskState.COMPLETED, "Thank you.")
    assert "Blue" in api.messages("ask")[-1].said


@pytest.mark.long
@at_every_version
def test_headless_what_a_person_refuses_is_no_success(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "bash", headless=True)
    wait_until(lambda: product.json("approval", "list"), PATIENCE_S)
    product.json("approval", "deny", product.json("approval", "list")[0]["id"], "--reason", "not today")
    task = end_of(client, task.id, PATIENCE_S)
    assert (task.state, task.agent_outcome) == (TaskState.FAILED, "denied")
    assert "not today" in api.messages("bash")[-1].said
    assert not (place / "ran.txt").exists()


@pytest.mark.long
@at_every_version
def test_in_its_terminal_a_question_is_answered_elsewhere(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "ask")
    wait_until(lambda: client.task(task.id).agent_state == "question", PATIENCE_S)
    wait_until(lambda: product.json("approval", "list"), PATIENCE_S)
    product.json("approval", "approve", product.json("approval", "list")[0]["id"], "--answer", "Blue")
    wait_until(lambda: client.task(task.id).question == "Thank you.", PATIENCE_S)
    assert "Blue" in api.messages("ask")[-1].said


@pytest.mark.long
@at_every_version
def test_an_answer_in_the_terminal_takes_the_question_back(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "bash")
    wait_until(lambda: product.json("approval", "list"), PATIENCE_S)
    # The dialog stands on "Yes".
    wait_until(
        lambda: "proceed" in " ".join(product.json("session", "capture", task.id)["lines"]), PATIENCE_S
    )
    product.json("session", "send", task.id, "--keys", "Enter")
    wait_until(lambda: (place / "ran.txt").exists(), PATIENCE_S)
    wait_until(lambda: product.json("approval", "list") == [], PATIENCE_S)


def test_by_default_it_reaches_the_api_through_the_meter_and_never_sees_the_key(
    product: Product,
    client: Client,
    api: ScriptedApi,
    tmp_path: Path,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(tmp_path, f'[claude]\npath = "{claude()}"\n[api]\nurl = "{api.url}"\n')
    monkeypatch.delenv("PARHELIA_DEFAULTS__AGENT")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-the-real-one")
    words = ("--headless", "--option", "permission_mode=bypassPermissions", "--workspace", str(place))
    made = product.json("task", "create", *words, "SCENARIO=write do it")
    assert (made["agent"], made["network"]) == ("claude", "api")
    task = end_of(client, made["id"], PATIENCE_S)
    assert task.state is TaskState.COMPLETED, client.log_tail(task.id)
    assert {each.headers["x-api-key"] for each in api.messages()} == {"sk-ant-api03-the-real-one"}


def test_in_its_terminal_the_meters_key_makes_no_dialog(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, f'[claude]\npath = "{claude()}"\n[api]\nurl = "{api.url}"\n')
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-the-real-one")
    task = create(client, "SCENARIO=text say it", place, agent="claude", network="api")
    wait_until(lambda: client.task(task.id).question == "Hello from the script.", PATIENCE_S)


def test_without_the_program_it_says_what_to_do(product: Product, tmp_path: Path) -> None:
    configure(tmp_path, '[claude]\npath = "/nowhere/claude"\n')
    code, error = product.error("task", "create", "--agent", "claude", "fix it")
    assert (code, error["code"]) == (8, "E500")
    assert "/nowhere/claude" in error["message"]
