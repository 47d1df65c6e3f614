"""The demo agent as a real task: it plans, edits, tests, asks, reports, and stops when it is told to."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import container_of, create, end_of, event, reach, types_of, workspace
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

QUIET: dict[str, Any] = {"ask": "never", "pace": 0}
ASKS: dict[str, Any] = {"ask": "always", "pace": 0}


def demo(client: Client, place: Path | None, prompt: str = "join intervals", **options: Any) -> Task:
    """Store a task for the demo agent."""
    return create(client, prompt, place, agent="demo", agent_options=options)


def answer(product: Product, task: Task, text: str, *how: str) -> None:
    """Type an answer into the terminal of a task."""
    product.json("session", "send", task.id, text, *how)


def files(place: Path) -> dict[str, str]:
    """All files below a directory and what is in them."""
    found = sorted(path for path in place.rglob("*") if path.is_file())
    return {str(path.relative_to(place)): path.read_text() for path in found}


def test_it_plans_writes_real_files_mends_them_and_its_tests_are_green(client: Client, place: Path) -> None:
    task = end_of(client, demo(client, place, **QUIET, seed=1).id)
    assert (task.state, task.exit_code) == (TaskState.COMPLETED, 0)
    assert sorted(files(place)) == ["intervals/intervals.py", "intervals/test_intervals.py"]
    # What it left works outside too, and the mistake that its test found is mended.
    ran = subprocess.run(
        [sys.executable, "-B", "test_intervals.py"], cwd=place / "intervals", capture_output=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    log = client.log_tail(task.id, 500)
    order = [
        "1. the module",
        "Write(intervals/intervals.py)",
        "failed with 1",
        "Edit(",
        "passed",
        "Done: intervals",
    ]
    found = [next(number for number, line in enumerate(log) if word in line) for word in order]
    assert found == sorted(found), log
    assert event(client, "agent.done", task_id=task.id).message == "done: intervals"


def test_every_token_that_it_reports_is_stored_once(product: Product, client: Client, place: Path) -> None:
    task = end_of(client, demo(client, place, **QUIET, seed=2, turns=7).id)
    spent = client.spent(task_id=task.id)
    assert (spent.input_tokens, spent.output_tokens) == (task.input_tokens, task.output_tokens)
    assert 7 * 4_000 <= task.input_tokens <= 7 * 30_000
    assert 7 * 200 <= task.output_tokens <= 7 * 2_500
    usd = (task.input_tokens * 2.0 + task.output_tokens * 10.0) / 1_000_000
    assert task.cost_usd == pytest.approx(usd, abs=1e-5)
    assert spent.usd == pytest.approx(usd, abs=1e-5)
    shown = product.json("task", "show", task.id)
    assert shown["input_tokens"] == task.input_tokens
    # Another attempt costs again.
    client.retry_task(task.id)
    wait_until(lambda: client.task(task.id).attempt == 2, 20)
    again = end_of(client, task.id)
    assert (again.input_tokens, again.output_tokens) == (2 * task.input_tokens, 2 * task.output_tokens)


def test_the_same_seed_does_the_same_work_and_another_one_other(client: Client, tmp_path: Path) -> None:
    places = [workspace(tmp_path, f"place-{number}") for number in range(3)]
    seeds = (5, 5, 6)
    started = [
        demo(client, place, "anything", **QUIET, turns=8, seed=seed)
        for place, seed in zip(places, seeds, strict=True)
    ]
    one, same, other = (end_of(client, task.id) for task in started)
    assert {one.exit_code, same.exit_code, other.exit_code} == {0}
    assert files(places[0]) == files(places[1]) != {}
    assert (one.input_tokens, one.output_tokens) == (same.input_tokens, same.output_tokens)
    assert (one.input_tokens, one.output_tokens) != (other.input_tokens, other.output_tokens)

    def said(task: Task) -> list[str]:
        # How long its tests took is the machine's part.
        return [line for line in client.log_tail(task.id, 500) if "Ran " not in line]

    assert said(one) == said(same) != said(other)


@pytest.mark.parametrize(("typed", "more"), [("n", False), ("y", True)])
def test_it_asks_waits_for_the_answer_and_follows_it(
    product: Product, client: Client, place: Path, typed: str, more: bool
) -> None:
    task = demo(client, place, **ASKS, seed=3)
    asked = reach(client, task.id, TaskState.WAITING)
    assert asked.question.endswith("?")
    told = event(client, "task.waiting", task_id=task.id)
    assert (told.level, told.message) == ("warning", asked.question)
    # What it prints and what it reports come on two ways.
    wait_until(lambda: any(asked.question in line for line in client.log_tail(task.id)), 20)
    assert files(place) == {}
    answer(product, task, typed)
    ended = end_of(client, task.id)
    assert (ended.state, ended.question) == (TaskState.COMPLETED, "")
    assert event(client, "task.running", task_id=task.id, after_seq=told.seq).message == "the agent goes on"
    # The question is whether one test more is wanted.
    quiet = workspace(product.home.parent, "quiet")
    end_of(client, demo(client, quiet, **QUIET, seed=3).id)
    test = "intervals/test_intervals.py"
    assert (files(place)[test] == files(quiet)[test]) is more


@pytest.mark.long
def test_what_was_typed_before_the_question_is_no_answer_to_it(client: Client, place: Path) -> None:
    task = demo(client, place, ask="always", pace=1, seed=3)
    reach(client, task.id, TaskState.RUNNING)
    wait_until(lambda: any("Reading the workspace" in line for line in client.log_tail(task.id)), 20)
    asyncio.run(client.send_text(task.id, "n", enter=True))
    assert client.task(task.id).state is TaskState.RUNNING
    assert reach(client, task.id, TaskState.WAITING, TaskState.COMPLETED).state is TaskState.WAITING
    client.cancel_task(task.id)
    end_of(client, task.id)


def test_ctrl_c_is_asked_about_and_ends_it_where_that_was_meant(
    product: Product, client: Client, place: Path
) -> None:
    task = demo(client, place, ask="never", pace=100, seed=4)
    reach(client, task.id, TaskState.RUNNING)
    wait_until(lambda: any("Reading the workspace" in line for line in client.log_tail(task.id)), 20)
    answer(product, task, "C-c", "--keys")
    assert reach(client, task.id, TaskState.WAITING).question == "Interrupted. Shall I go on?"
    answer(product, task, "n")
    ended = end_of(client, task.id)
    assert (ended.state, ended.exit_code) == (TaskState.FAILED, 130)
    assert "interrupted" in ended.last_line


def test_who_asks_in_a_terminal_is_named_where_no_approval_waits(
    product: Product, client: Client, place: Path
) -> None:
    assert product.run("approval", "list").stdout == "nothing waits for you\n"
    task = demo(client, place, **ASKS)
    reach(client, task.id, TaskState.WAITING)
    said = product.run("approval", "list").stdout
    assert said == f"no approval waits; {task.id} asks in its terminal: parhelia attach {task.id}\n"
    answer(product, task, "y")
    assert end_of(client, task.id).state is TaskState.COMPLETED


def test_cancelled_while_it_asks_it_says_so_and_leaves_its_work(
    product: Product, client: Client, place: Path
) -> None:
    (place / "mine").write_text("mine")
    task = demo(client, place, **ASKS, seed=3)
    reach(client, task.id, TaskState.WAITING)
    product.json("task", "cancel", task.id)
    ended = end_of(client, task.id)
    assert (ended.state, ended.reason, ended.question) == (TaskState.CANCELLED, "cancelled by the user", "")
    assert "stopped by SIGTERM" in ended.last_line
    assert container_of(client, task.id).exit_code == 143
    assert files(place) == {"mine": "mine"}
    assert ended.input_tokens > 0


def test_one_that_is_to_fail_fails_and_says_why(client: Client, place: Path) -> None:
    task = end_of(client, demo(client, place, **QUIET, fail=True, seed=7).id)
    assert (task.state, task.exit_code) == (TaskState.FAILED, 1)
    assert event(client, "agent.error", task_id=task.id).message == "the test still fails"
    assert types_of(client, task_id=task.id)[-1] == "task.failed"
    ran = subprocess.run(
        [sys.executable, "-B", "test_intervals.py"], cwd=place / "intervals", capture_output=True, timeout=60
    )
    assert ran.returncode == 1


def test_it_never_touches_what_was_there(client: Client, place: Path) -> None:
    theirs = place / "intervals"
    theirs.mkdir()
    (theirs / "intervals.py").write_text("theirs")
    (place / "intervals_2").symlink_to("nowhere")
    task = end_of(client, demo(client, place, **QUIET, seed=1).id)
    assert task.exit_code == 0
    assert (theirs / "intervals.py").read_text() == "theirs"
    assert sorted(entry.name for entry in theirs.iterdir()) == ["intervals.py"]
    assert not (place / "intervals_2").exists()
    assert sorted(entry.name for entry in (place / "intervals_3").iterdir()) == [
        "intervals.py",
        "test_intervals.py",
    ]


def test_a_workspace_that_takes_nothing_ends_it_in_words(client: Client, place: Path) -> None:
    # Every name that it would take is taken.
    (place / "intervals").mkdir()
    for number in range(2, 1000):
        (place / f"intervals_{number}").mkdir()
    task = end_of(client, demo(client, place, **QUIET, seed=1).id)
    assert task.exit_code == 1
    assert "I cannot go on" in " ".join(client.log_tail(task.id))
    assert event(client, "agent.error", task_id=task.id).message.startswith("cannot go on: ")


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("sed=1", "did you mean seed?"),
        ("ask=often", "never, sometimes or always"),
        ("pace=101", "from 0 (no pauses) to 100"),
        ("turns=0", "from 1 to 500"),
        ("flood_mb=1025", "from 0 to 1024"),
        ("seed=true", "a whole number of at most 64 bits"),
    ],
)
def test_an_option_that_cannot_be_is_refused_and_nothing_stored(
    product: Product, client: Client, place: Path, option: str, word: str
) -> None:
    words = ("--agent", "demo", "--workspace", str(place), "--option", option, "anything")
    code, error = product.error("task", "create", *words)
    assert (code, error["code"]) == (2, "E100")
    assert word in error["message"]
    assert client.tasks() == []
