"""Ceilings: nothing is spent past them, who waits at one stands still, and a person lets it go on or stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState, Trigger
from tests.egress.conftest import ASK, Fleet
from tests.support.dashboard import dashboard
from tests.support.fleet import RELEASE, configure, end_of, reach
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

A_REQUEST = 0.0075
"""USD for one request of `ASK`: 1000 tokens in and 100 out of claude-opus-4-5."""
COUNTING = "while :; do echo x >> count; sleep 0.01; done"


def task(fleet: Fleet, command: str, *flags: str) -> str:
    made = fleet.json(
        *("task", "create", "--network", "api", "--workspace", str(fleet.workspace), *flags), command
    )
    return str(made["id"])


def asks(times: int) -> str:
    return f"python3 -I -c '{ASK}' {times}"


def of_type(fleet: Fleet, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fleet.json("events", "list", "--type", kind)
    return found


def count(place: Path) -> int:
    return (place / "count").stat().st_size if (place / "count").exists() else 0


def test_a_task_at_its_ceiling_stands_still_with_a_checkpoint_and_goes_on_when_it_is_raised(
    fleet: Fleet, client: Client
) -> None:
    name = task(fleet, f"({COUNTING}) & {asks(3)} > said", "--budget", "0.01")
    waiting = reach(client, name, TaskState.WAITING, deadline_s=60)
    assert waiting.reason == "budget"
    assert f"$0.0150 of $0.0100 for task {name} are spent" in waiting.question
    assert f"parhelia budget raise {name} USD" in waiting.question
    # Everything of it stands still, not only who asked.
    wait_until(lambda: client.checkpoints.of(waiting), 60)
    seen = count(fleet.workspace)
    for _ in range(2):
        client.checkpoints.create(waiting, Trigger.MANUAL)
    wait_until(lambda: [each.state for each in client.checkpoints.of(waiting)] == ["ready"] * 3, 60)
    assert count(fleet.workspace) == seen
    assert "budget" in [each.trigger for each in client.checkpoints.of(waiting)]
    (told,) = of_type(fleet, "budget.exceeded")
    assert (told["level"], told["data"]["code"], told["task_id"]) == ("error", "E300", name)
    assert len(fleet.api.seen) == 2
    after = fleet.json("budget", "raise", name, "1")
    assert after["limit_usd"] == pytest.approx(1 + 2 * A_REQUEST)
    wait_until(lambda: (fleet.workspace / "said").read_text().count("200 ") == 3, 60)
    ended = end_of(client, name, deadline_s=60)
    assert ended.state is TaskState.COMPLETED
    wait_until(lambda: client.task(name).cost_usd == pytest.approx(3 * A_REQUEST), 30)
    assert [each["type"] for each in of_type(fleet, "budget.lifted")] == ["budget.lifted"]


def test_who_is_stopped_at_the_ceiling_is_told_in_words_and_ends_by_itself(
    fleet: Fleet, client: Client
) -> None:
    name = task(fleet, f"{asks(2)} > said; echo went on >> said", "--budget", "0.001")
    reach(client, name, TaskState.WAITING, deadline_s=60)
    fleet.json("budget", "stop", name)
    end_of(client, name, deadline_s=60)
    said = (fleet.workspace / "said").read_text()
    assert said.startswith("200 ")
    assert "402 A person has stopped this task's spending. Do not try again" in said
    assert said.endswith("went on\n")
    # Another attempt is a person's word that it may spend again; its ceiling holds it as before.
    fleet.json("task", "retry", name)
    assert reach(client, name, TaskState.WAITING, deadline_s=60).reason == "budget"


def test_a_task_at_its_ceiling_can_be_cancelled_and_leaves_nothing(fleet: Fleet, client: Client) -> None:
    name = task(fleet, asks(9), "--budget", "0")
    reach(client, name, TaskState.WAITING, deadline_s=60)
    fleet.json("task", "cancel", name)
    assert end_of(client, name, deadline_s=60).state is TaskState.CANCELLED
    assert fleet.api.seen == []


def test_a_task_at_its_ceiling_stays_attachable_and_takes_further_sessions(
    fleet: Fleet, client: Client
) -> None:
    name = task(fleet, f"echo before; {asks(1)}", "--budget", "0")
    reach(client, name, TaskState.WAITING, deadline_s=60)
    # What it prints and what its meter tells come on two ways.
    wait_until(lambda: "before" in fleet.product.run("session", "capture", name, env=fleet.env).stdout, 60)
    words = ("session", "new", name, "--", "sh", "-c", "echo here > further; sleep 60")
    assert fleet.product.run(*words, env=fleet.env).returncode == 0
    wait_until(lambda: (fleet.workspace / "further").exists(), 60)


@pytest.mark.long
def test_the_ceiling_of_a_day_holds_all_and_nothing_more_is_begun(fleet: Fleet, client: Client) -> None:
    fleet.json("budget", "set", "0.002", "day")
    first = task(fleet, asks(2))
    reach(client, first, TaskState.WAITING, deadline_s=60)
    code, error = fleet.product.error(
        *("task", "create", "--network", "api", "--workspace", str(fleet.workspace), "echo"), env=fleet.env
    )
    assert (code, error["code"]) == (4, "E300")
    assert "for today" in error["message"]
    # What spends nothing is not held up by it.
    assert fleet.run("echo", "free", flags=("--network", "none")) == "free\n"
    fleet.json("budget", "raise", "day", "5")
    assert end_of(client, first, deadline_s=60).state is TaskState.COMPLETED


@pytest.mark.long
async def test_what_waits_for_a_spent_budget_says_so(fleet: Fleet, client: Client, tmp_path: Path) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 2\n")
    fleet.json("budget", "set", "0.001", "day")
    free = fleet.json("task", "create", "--workspace", str(fleet.workspace), RELEASE)["id"]
    first = task(fleet, f"until [ -e begin ]; do sleep 0.02; done; {asks(2)}")
    held = task(fleet, asks(1), "--title", "Held")
    (fleet.workspace / "begin").touch()
    reach(client, first, TaskState.WAITING, deadline_s=60)
    assert client.task(held).state is TaskState.PENDING
    (fleet.workspace / "go").touch()
    end_of(client, free, deadline_s=60)
    wait_until(lambda: client.task(held).reason, 30)
    why = "the budget for today is spent; parhelia budget raise day USD lets it begin"
    assert client.task(held).reason == why
    assert [each["message"] for each in of_type(fleet, "task.held_back")] == [why]
    async with dashboard(client) as seen:
        await seen.wait_for("Held  ◂ the budget for")
    # Something else takes the free place, so that what was held back stays in the queue when there is money again.
    taken = fleet.json(
        "task", "create", "--workspace", str(fleet.workspace), "until [ -e over ]; do sleep 0.02; done"
    )
    reach(client, taken["id"], TaskState.RUNNING)
    blocked = task(fleet, "sleep 600", "--network", "none", "--priority", "9")
    fleet.json("budget", "raise", "day", "5")
    wait_until(lambda: client.task(held).reason != why, 60)
    client.cancel_task(blocked)
    (fleet.workspace / "over").touch()
    assert end_of(client, held, deadline_s=60).state is TaskState.COMPLETED


@pytest.mark.long
def test_a_warning_comes_once_at_four_fifths_of_a_ceiling(fleet: Fleet, client: Client) -> None:
    fleet.json("budget", "set", "0.03")
    name = task(fleet, asks(3))
    end_of(client, name, deadline_s=60)
    wait_until(lambda: client.task(name).cost_usd == pytest.approx(3 * A_REQUEST), 30)
    assert of_type(fleet, "budget.warning") == []
    end_of(client, task(fleet, asks(1)), deadline_s=60)
    wait_until(lambda: of_type(fleet, "budget.warning"), 30)
    fleet.product.run("controller", "stop", env=fleet.env)
    (told,) = of_type(fleet, "budget.warning")
    assert told["message"].startswith("E301: more than 80 % of a budget")
    flags = ("--network", "api", "--workspace", str(fleet.workspace))
    fleet.json("budget", "set", "0.035")
    done = fleet.product.run("task", "create", *flags, "true", env=fleet.env)
    assert (done.returncode, done.stderr.startswith("E301: the budget is nearly spent: $0.03 of")) == (
        0,
        True,
    )
    assert told["data"]["scope"] == "all"


@pytest.mark.long
def test_the_configured_ceilings_count_and_what_a_person_sets_goes_before_them(fleet: Fleet) -> None:
    fleet.env |= {"PARHELIA_BUDGET__DAY_USD": "7", "PARHELIA_BUDGET__TASK_USD": "3"}
    fleet.ask()
    found = {each["scope"]: each for each in fleet.json("budget", "show")["budgets"]}
    assert (found["day"]["limit_usd"], found["day"]["source"]) == (7.0, "config")
    assert found["all"]["limit_usd"] is None
    assert [each["limit_usd"] for scope, each in found.items() if scope.startswith("task:")] == [3.0]
    assert fleet.json("budget", "set", "9", "day")["source"] == "set"
    fleet.product.run("controller", "stop", env=fleet.env)
    fleet.ask()
    assert {each["scope"]: each["limit_usd"] for each in fleet.json("budget", "show")["budgets"]}[
        "day"
    ] == 9.0
    assert fleet.json("budget", "set", "--none", "--for", "day")["limit_usd"] is None


@pytest.mark.long
def test_history_and_estimate_tell_what_things_cost(fleet: Fleet, client: Client) -> None:
    assert fleet.product.error("budget", "estimate", env=fleet.env)[1]["code"] == "E102"
    name = task(fleet, asks(2))
    end_of(client, name, deadline_s=60)
    wait_until(lambda: client.task(name).cost_usd == pytest.approx(2 * A_REQUEST), 30)
    (model,) = fleet.json("budget", "history", "--by", "model")
    assert (model["name"], model["answers"], model["input_tokens"]) == ("claude-opus-4-5", 2, 2000)
    (by_task,) = fleet.json("budget", "history", "--by", "task")
    assert (by_task["name"], by_task["usd"]) == (name, pytest.approx(2 * A_REQUEST))
    assert len(fleet.json("budget", "history")) == 1
    assert fleet.json("budget", "estimate", "--tasks", "10")["usual_usd"] == pytest.approx(20 * A_REQUEST)
    priced = fleet.json("budget", "estimate", "--model", "claude-opus-5", "--input", "1000000")
    assert priced["usual_usd"] == pytest.approx(5.0)
    fleet.json("budget", "set", "0.1")
    code, error = fleet.product.error("budget", "estimate", "--tasks", "10", env=fleet.env)
    assert (code, error["code"]) == (4, "E300")


def test_what_an_agent_says_that_it_spent_is_not_booked_beside_the_meter(
    fleet: Fleet, client: Client
) -> None:
    report = (
        '{"type": "usage", "model": "claude-opus-4-5", "input_tokens": 1, "output_tokens": 1, "cost_usd": 99}'
    )
    said = (
        "import os, socket; s = socket.socket(socket.AF_UNIX); s.connect(os.environ['PARHELIA_AGENT_SOCKET']);"
        f" s.sendall(b'''{report}\\n''')"
    )
    name = task(fleet, f'python3 -I -c "$SAY"; {asks(1)}', "--env", f"SAY={said}")
    end_of(client, name, deadline_s=60)
    wait_until(lambda: client.task(name).cost_usd is not None, 30)
    assert client.task(name).cost_usd == pytest.approx(A_REQUEST)


def test_a_stream_of_one_task_is_booked_to_its_plan(fleet: Fleet, client: Client) -> None:
    fleet.env["PARHELIA_BUDGET__PLAN_USD"] = "2"
    lines = fleet.workspace / "tasks.jsonl"
    text = f'{{"prompt": "python3 -I -c \\"$ASK\\"", "network": "api", "workspace": "{fleet.workspace}"}}\n'
    lines.write_text(text * 2)
    done = fleet.product.run("--batch", str(lines), "--env", f"ASK={ASK}", env=fleet.env, timeout=120)
    assert done.returncode == 0, done
    batch = client.tasks()[0].batch
    plans = [each for each in fleet.json("budget", "show")["budgets"] if each["scope"] == f"plan:{batch}"]
    assert [(each["limit_usd"], each["spent_usd"]) for each in plans] == [(2.0, pytest.approx(2 * A_REQUEST))]


@pytest.mark.long
def test_a_book_that_cannot_be_read_refuses_all_spending_and_holds_up_nothing_else(fleet: Fleet) -> None:
    fleet.product.home.mkdir(mode=0o700)
    (fleet.product.home / "meter.db").write_bytes(b"no database at all" * 100)
    flags = ("--network", "api", "--workspace", str(fleet.workspace))
    code, error = fleet.product.error("task", "create", *flags, "true", env=fleet.env)
    assert (code, error["code"]) == (1, "E506")
    assert fleet.run("echo", "free", flags=("--network", "none")) == "free\n"
    assert len(of_type(fleet, "budget.unreadable")) == 1
    assert fleet.api.seen == []


@pytest.mark.long
def test_the_parts_of_a_group_cannot_race_past_what_it_may_spend(fleet: Fleet, client: Client) -> None:
    # Whichever of them takes both answers that there is money for, both want more.
    group = task(
        fleet, f"{asks(3)} > said; : {{target}}", "--target", "a", "--target", "b", "--budget", "0.01"
    )
    parts = client.parts(group)
    for part in parts:
        waits = reach(client, part.id, TaskState.WAITING, deadline_s=60)
        assert f"for task {group} are spent" in waits.question
    # The last answer alone went beyond.
    assert len(fleet.api.seen) == 2
    reach(client, group, TaskState.WAITING)
    fleet.json("budget", "raise", group, "1")
    ended = end_of(client, group, deadline_s=60)
    assert (ended.state, ended.parts_done) == (TaskState.COMPLETED, 2)
    wait_until(lambda: client.task(group).cost_usd == pytest.approx(6 * A_REQUEST), 30)
    limits = {
        each["scope"]: each["limit_usd"] for each in fleet.json("budget", "show", parts[0].id)["budgets"]
    }
    assert limits[f"task:{group}"] == pytest.approx(1 + 2 * A_REQUEST)
