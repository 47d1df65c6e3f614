"""How a run ended: judged by result, flags, denials and exit code together, with a reason in one word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.agents.program.outcome import classify
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.agents.claude_fleet import PATIENCE_S, ask, use
from tests.support.fleet import create, end_of
from tests.support.product import Product
from tests.support.real_claude import at_every_version
from tests.support.scripted_api import ScriptedApi
from tests.support.waiting import wait_until


def result(**fields: Any) -> dict[str, Any]:
    """A result as the program prints it."""
    return {"type": "result", "subtype": "success", "is_error": False, "result": "fine", **fields}


FAILED = {"is_error": True}


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (0, result(), "done"),
        (0, result(terminal_reason="completed"), "done"),
        (0, result(permission_denials=[{"tool_name": "Bash"}]), "denied"),
        (1, result(**FAILED, api_error_status=400), "error"),
        (1, result(**FAILED, api_error_status=400, result="Prompt is too long: 9 > 8"), "context"),
        (1, result(**FAILED, api_error_status=400, result="Credit balance is too low"), "budget"),
        (1, result(**FAILED, api_error_status=401), "auth"),
        (1, result(**FAILED, api_error_status=402), "budget"),
        (1, result(**FAILED, api_error_status=403), "auth"),
        (1, result(**FAILED, api_error_status=413), "context"),
        (1, result(**FAILED, api_error_status=429), "rate_limit"),
        (1, result(**FAILED, api_error_status=500), "overloaded"),
        (1, result(**FAILED, api_error_status=529), "overloaded"),
        # The older version says so in its result alone.
        (1, result(**FAILED, terminal_reason="completed", api_error_status=402), "budget"),
        (1, result(subtype="error_max_turns", **FAILED, result=None), "max_turns"),
        (1, result(subtype="error_max_budget_usd", **FAILED, result=None), "budget"),
        (0, result(result="", terminal_reason="hook_stopped"), "stopped"),
        (0, result(terminal_reason="tool_deferred", deferred_tool_use={}), "deferred"),
        (
            0,
            result(subtype="error_during_execution", **FAILED, terminal_reason="aborted_tools"),
            "interrupted",
        ),
        (0, result(stop_reason="refusal", result=""), "refusal"),
        (1, result(subtype="error_during_execution", **FAILED, errors=["No conversation found"]), "error"),
        (1, result(), "error"),
        (143, None, "killed"),
        (129, None, "killed"),
        (-9, None, "killed"),
        (1, None, "config"),
        (0, None, "config"),
    ],
)
def test_an_end_is_judged_by_all_that_is_known(code: int, said: dict[str, Any] | None, reason: str) -> None:
    judged = classify(code, said)
    assert judged.reason == reason
    assert judged.ok == (reason == "done")


@pytest.mark.real
@at_every_version
@pytest.mark.parametrize(
    ("scenario", "reason"), [("402", "budget"), ("too-long", "context"), ("refusal", "refusal")]
)
def test_what_the_api_refuses_fails_the_task_with_its_reason(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str, scenario: str, reason: str
) -> None:  # fmt: skip
    use(tmp_path, version)
    task = end_of(client, ask(client, place, scenario, headless=True).id, PATIENCE_S)
    assert (task.state, task.agent_outcome, task.agent_state) == (TaskState.FAILED, reason, "error")
    assert task.exit_code != 0


@pytest.mark.long
@pytest.mark.real
@at_every_version
def test_while_it_tries_again_it_says_so_and_then_goes_on(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "529-twice", headless=True)
    wait_until(lambda: client.task(task.id).agent_state == "retrying", PATIENCE_S)
    assert "529" in client.task(task.id).agent_detail
    task = end_of(client, task.id, PATIENCE_S)
    assert (task.state, task.last_line) == (TaskState.COMPLETED, "It works again.")


@pytest.mark.real
@at_every_version
def test_cancelled_in_the_middle_of_a_tool_nothing_of_it_stays(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version, "[local]\ngrace_s = 8.0\n")
    task = ask(client, place, "long-tool", headless=True, permission_mode="bypassPermissions")
    wait_until(lambda: client.task(task.id).agent_state == "tool", PATIENCE_S)
    product.json("task", "cancel", task.id)
    task = end_of(client, task.id, PATIENCE_S)
    assert (task.state, task.agent_outcome) == (TaskState.CANCELLED, "interrupted")


@pytest.mark.long
@pytest.mark.real
def test_hostile_words_of_prompt_model_and_tools_harm_nothing(
    product: Product, client: Client, tmp_path: Path, place: Path, api: ScriptedApi
) -> None:
    use(tmp_path)
    prompt = "SCENARIO=hostile \x1b]0;owned\x07\x1b[2J\u202e \x9b31m " + "x" * 50_000
    task = create(
        client, prompt, place, agent="claude",
        agent_options={"headless": True, "permission_mode": "bypassPermissions"},
    )  # fmt: skip
    task = end_of(client, task.id, PATIENCE_S)
    assert task.state is TaskState.COMPLETED, client.log_tail(task.id)
    listed = product.run("task", "show", task.id).stdout + product.run("task", "list").stdout
    log = "\n".join(client.log_tail(task.id))
    events = "".join(each.message for each in client.events(task_id=task.id))
    for text in (listed, log, events, task.last_line):
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert len(task.last_line) <= 1000
