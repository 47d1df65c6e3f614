"""`parhelia --batch`: the tasks of a file run to their ends, without a screen."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import RELEASE, configure, controller_pid, kill_controller, workspace
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

LONG = {"prompt": "echo READY; sleep 600", "workspace_mode": "empty"}


def lines(*tasks: dict[str, Any]) -> str:
    """Tasks as JSONL."""
    return "".join(json.dumps(task) + "\n" for task in tasks)


def states(product: Product) -> dict[str, str]:
    """The state of each task by its title."""
    return {task["title"]: task["state"] for task in product.json("task", "list", "--all")}


def nothing_lives(product: Product) -> bool:
    """Whether no container is left."""
    return product.json("container", "list") == []


def running(product: Product, count: int) -> bool:
    """Whether so many tasks run."""
    return len(product.json("task", "list", "--state", "running")) == count


def events(text: str) -> list[dict[str, Any]]:
    """The objects of JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_all_that_complete_give_code_0_with_a_line_for_each_change_and_a_summary(
    product: Product, tmp_path: Path
) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text(lines({"prompt": "echo one"}, {"prompt": "echo two", "title": "zwei"}) + "\n\n")
    done = product.run("--batch", str(file), "--mode", "empty")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("batch b-")
    assert "[2/2] ✓ completed" in done.stdout
    assert "2 of 2 completed in" in done.stdout
    assert states(product) == {"echo one": "completed", "zwei": "completed"}


def test_one_that_fails_gives_code_1_and_does_not_end_the_others(product: Product) -> None:
    tasks = lines({"prompt": "exit 3", "title": "bad"}, {"prompt": "true", "title": "good"})
    done = product.run("--batch", "-", "--mode", "empty", input=tasks)
    assert done.returncode == 1
    assert "1 of 2 completed" in done.stdout
    assert states(product) == {"bad": "failed", "good": "completed"}
    summary = done.stdout[done.stdout.index("\nID ") :]
    assert "exit code 3" in summary


def test_json_events_tell_every_change_in_order_and_end_with_the_whole(product: Product) -> None:
    tasks = lines({"prompt": "true", "title": "a"}, {"prompt": "exit 5", "title": "b"})
    done = product.run("--batch", "-", "--mode", "empty", "--json", input=tasks)
    assert (done.returncode, done.stderr) == (1, "")
    said = events(done.stdout)
    assert [each["event"] for each in (said[0], said[-1])] == ["batch", "summary"]
    assert said[0]["total"] == 2
    for title, end in (("a", "completed"), ("b", "failed")):
        told = [each["state"] for each in said[1:-1] if each["title"] == title]
        order = ["pending", "dispatching", "running", end]
        assert told == [state for state in order if state in told]
        assert told[-1] == end
    whole = said[-1]
    assert (whole["success"], whole["completed"], whole["total"], whole["interrupted"]) == (
        False,
        1,
        2,
        False,
    )
    assert {task["title"]: task["exit_code"] for task in whole["tasks"]} == {"a": 0, "b": 5}
    assert all(task["batch"] == said[0]["batch"] for task in whole["tasks"])
    assert [each["done"] for each in said[1:-1]] == sorted(each["done"] for each in said[1:-1])


def test_toml_with_defaults_and_json_lists_are_the_same_batch(product: Product, tmp_path: Path) -> None:
    toml = tmp_path / "tasks.toml"
    toml.write_text(
        '[defaults]\nworkspace_mode = "empty"\nenv = { A = "1", B = "2" }\n\n'
        '[[task]]\nprompt = "echo $A $B"\ntitle = "x"\nenv = { B = "3" }\n'
    )
    listed = tmp_path / "tasks.json"
    listed.write_text(json.dumps([{"prompt": "echo $A", "title": "y", "env": {"A": "4"}}]))
    assert product.run("--batch", str(toml)).returncode == 0
    assert product.run("--batch", str(listed), "--mode", "empty").returncode == 0
    said = {task["title"]: task["last_line"] for task in product.json("task", "list")}
    assert said == {"x": "1 3", "y": "4"}


def test_options_hold_for_each_task_that_says_nothing_else(product: Product, tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    tasks = lines(
        {"prompt": "pwd; touch made", "title": "a"},
        {"prompt": "true", "title": "b", "workspace_mode": "clone", "limits": {"pids": 50}},
    )
    done = product.run(
        "--batch", "-", "--timeout", "5m", "--priority", "7", "-e", "X=1", input=tasks, cwd=place
    )
    assert done.returncode == 0
    made = {task["title"]: task for task in product.json("task", "list")}
    assert (place / "made").exists()
    assert [made[name]["workspace_mode"] for name in "ab"] == ["shared", "clone"]
    assert [made[name]["limits"]["lifetime_s"] for name in "ab"] == [300, 300]
    assert made["b"]["limits"]["pids"] == 50
    assert [made[name]["priority"] for name in "ab"] == [7, 7]
    assert [made[name]["env"] for name in "ab"] == [{"X": "1"}, {"X": "1"}]


@pytest.mark.long
def test_a_batch_is_listed_by_its_id(product: Product) -> None:
    product.run("run", "--mode", "empty", "true")
    done = product.run("--batch", "-", "--mode", "empty", "--json", input=lines({"prompt": "true"}))
    batch = events(done.stdout)[0]["batch"]
    assert [task["title"] for task in product.json("task", "list", "--batch", batch)] == ["true"]


def test_ctrl_c_cancels_what_is_left_and_says_so(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text(
        lines(
            *({**LONG, "title": f"long {number}"} for number in range(3)), {"prompt": "true", "title": "done"}
        )
    )
    with OuterTerminal([PARHELIA, "--batch", str(file), "--mode", "empty"], columns=200) as terminal:
        terminal.wait_for(rb"batch b-")
        wait_until(lambda: running(product, 3) and states(product)["done"] == "completed", 30)
        terminal.write(b"\x03")
        terminal.wait_for(rb"once more to leave at once")
        assert terminal.wait_end(30) == 130
        assert b"1 of 4 completed" in terminal.received
        assert b"interrupted" in terminal.received
    assert nothing_lives(product)
    assert states(product) == {"done": "completed", **{f"long {number}": "cancelled" for number in range(3)}}


@pytest.mark.long
def test_ctrl_c_twice_leaves_at_once_and_the_cancelling_goes_on(product: Product, tmp_path: Path) -> None:
    configure(tmp_path, "[local]\ngrace_s = 2\n")
    stubborn = {"prompt": "trap '' TERM HUP INT; while :; do sleep 0.1; done", "title": "stubborn"}
    process = product.start("--batch", "-", "--mode", "empty", input=lines(stubborn))
    wait_until(lambda: running(product, 1), 30)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    # The second one comes while the wishes of the first are still being written.
    assert "once more" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the cancelling goes on" in errors
    assert "Traceback" not in errors
    assert "completed in" not in said
    wait_until(lambda: nothing_lives(product), 30)
    assert states(product) == {"stubborn": "cancelled"}


def test_sigterm_is_taken_as_ctrl_c_and_json_tells_of_it(product: Product) -> None:
    process = product.start("--batch", "-", "--json", input=lines(LONG))
    wait_until(lambda: running(product, 1), 30)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    summary = events(said)[-1]
    assert (summary["event"], summary["interrupted"], summary["completed"]) == ("summary", True, 0)


@pytest.mark.long
def test_a_killed_controller_does_not_end_a_batch(product: Product, tmp_path: Path) -> None:
    place = workspace(tmp_path)
    tasks = lines(*({"prompt": f"{RELEASE}; exit {number}", "title": str(number)} for number in range(4)))
    process = product.start("--batch", "-", "-w", str(place), "--json", input=tasks)
    wait_until(lambda: running(product, 4), 30)
    for _ in range(3):
        kill_controller(product)
        # The command itself starts the next one.
        controller_pid(product)
    (place / "go").touch()
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    whole = events(said)[-1]
    assert {task["title"]: task["exit_code"] for task in whole["tasks"]} == {str(n): n for n in range(4)}
    assert nothing_lives(product)


def test_a_reader_that_leaves_does_not_end_the_work(product: Product) -> None:
    command = 'printf "%s" "$TASKS" | "$0" --batch - --mode empty | head -n 1; echo "${PIPESTATUS[1]}"'
    done = subprocess.run(
        ["bash", "-c", command, PARHELIA],
        capture_output=True,
        text=True,
        timeout=60,
        env=product.environment({"TASKS": lines({"prompt": "true", "title": "a"})}),
    )
    first, code = done.stdout.splitlines()
    assert code == "1"
    batch = first.split()[1].rstrip(":")
    assert done.stderr == f"nobody reads any more; the tasks go on: parhelia task list --batch {batch}\n"
    wait_until(lambda: states(product) == {"a": "completed"}, 30)


@pytest.mark.long
def test_a_question_is_shown_with_the_way_to_answer_it(product: Product) -> None:
    asks = {"prompt": "a demo", "agent": "demo", "agent_options": {"ask": "always", "pace": 0}}
    process = product.start("--batch", "-", "--mode", "empty", input=lines(asks))
    wait_until(lambda: product.json("task", "list", "--state", "waiting"), 30)
    (task,) = product.json("task", "list")
    assert product.run("session", "send", task["id"], "y").returncode == 0
    said, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    (line,) = [line for line in said.splitlines() if "waiting" in line]
    assert task["question"] in line
    assert f"parhelia attach {task['id']}" in line


@pytest.mark.long
def test_a_hundred_tasks_end_each_once_with_its_own_code(product: Product) -> None:
    tasks = lines(*({"prompt": f"exit {number % 3}", "title": str(number)} for number in range(100)))
    done = product.run("--batch", "-", "--mode", "empty", "--json", input=tasks, timeout=300)
    assert done.returncode == 1
    said = events(done.stdout)
    whole = said[-1]
    assert {task["title"]: task["exit_code"] for task in whole["tasks"]} == {
        str(n): n % 3 for n in range(100)
    }
    ends = [each["title"] for each in said[1:-1] if each["state"] in ("completed", "failed")]
    assert sorted(ends, key=int) == [str(number) for number in range(100)]
    assert all(task["attempt"] == 1 for task in whole["tasks"])
    assert len(product.json("container", "list", "--all", "--limit", "1000")) == 100
    assert nothing_lives(product)
