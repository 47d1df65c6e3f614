"""Which ends wait for a person's review, and how it is settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import configure, create, end_of, event, reach
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

REPORT = """
import json, os, socket
to = socket.socket(socket.AF_UNIX)
to.connect(os.environ["PARHELIA_AGENT_SOCKET"])
usage = {"type": "usage", "model": "m", "input_tokens": 1, "output_tokens": 7, "cost_usd": 2.5}
to.sendall(json.dumps(usage).encode() + b"\\n")
"""


def reviewed(client: Client, command: str, place: Path) -> Task:
    """Run a command to its end, and give its task, which needs a review."""
    return reach(client, create(client, command, place).id, TaskState.NEEDS_REVIEW)


def test_a_failure_is_reviewed_and_accepted(
    tmp_path: Path, product: Product, client: Client, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARHELIA_POLICY__REVIEW_ON_ERROR")
    configure(tmp_path, "[policy]\nreview_on_error = true\n")
    task = reviewed(client, "exit 3", place)
    assert (task.reason, task.exit_code) == ("exit code 3; to be reviewed: it failed", 3)
    assert client.attempts(task.id)[0].state == "failed"
    assert event(client, "task.needs_review", task_id=task.id).data["review"] == "it failed"
    [done] = product.json("task", "accept", task.id, "--reason", "it is known")
    assert (done["state"], done["reason"]) == ("completed", "accepted by local: it is known")
    told = event(client, "task.accepted", task_id=task.id)
    assert (told.source, told.data) == ("client", {"by": "local", "reason": "it is known"})
    code, error = product.error("task", "accept", task.id)
    assert (code, error["code"]) == (6, "E103")
    assert end_of(client, create(client, "true", place).id).state is TaskState.COMPLETED


def test_a_failure_of_an_agent_is_reviewed_where_nobody_says_otherwise_and_that_of_a_command_is_not(
    product: Product, client: Client, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARHELIA_POLICY__REVIEW_ON_ERROR")
    options = {"pace": 0, "ask": "never", "turns": 1, "fail": True, "seed": 7}
    task = create(client, "look at {target}", place, agent="demo", agent_options=options, targets=("it",))
    command = create(client, "exit 3", place)
    seen = reach(client, task.id, TaskState.NEEDS_REVIEW)
    [part] = client.parts(seen.id)
    assert part.reason == "exit code 1; to be reviewed: it failed"
    assert end_of(client, command.id).state is TaskState.FAILED
    # It is tried again as any that failed, and has its checkpoint to go back to.
    product.json("task", "retry", task.id)
    wait_until(lambda: client.task(part.id).attempt == 2, 20)
    reach(client, part.id, TaskState.NEEDS_REVIEW)
    product.json("task", "reject", task.id)
    assert end_of(client, task.id).state is TaskState.FAILED


def test_a_completed_one_is_reviewed_and_rejected(
    tmp_path: Path, product: Product, client: Client, place: Path
) -> None:
    configure(tmp_path, "[policy]\nreview_on_completion = true\n")
    task = reviewed(client, "true", place)
    assert client.attempts(task.id)[0].state == "completed"
    [done] = product.json("task", "reject", task.slug)
    assert (done["state"], done["reason"]) == ("failed", "rejected by local")
    cancelled = create(client, "sleep 600", place)
    reach(client, cancelled.id, TaskState.RUNNING)
    client.cancel_task(cancelled.id)
    assert end_of(client, cancelled.id).state is TaskState.CANCELLED


def test_one_that_cost_too_much_is_reviewed(tmp_path: Path, client: Client, place: Path) -> None:
    configure(tmp_path, "[policy]\nreview_above_usd = 2.0\n")
    (place / "report.py").write_text(REPORT)
    assert end_of(client, create(client, "true", place).id).state is TaskState.COMPLETED
    task = reviewed(client, "python3 -I -S report.py", place)
    assert task.reason == "exit code 0; to be reviewed: it cost $2.50, more than $2.00"


def test_one_that_changed_certain_files_is_reviewed(tmp_path: Path, client: Client, place: Path) -> None:
    configure(tmp_path, '[policy]\nreview_files = [".github/", "*.lock", "/db/**/*.sql", "!own.lock"]\n')
    (place / ".github" / "workflows").mkdir(parents=True)
    (place / ".github" / "workflows" / "ci.yml").write_text("a")
    (place / "a.lock").write_text("a")
    quiet = "echo b > src.py; echo c > own.lock; mkdir -p x/db; echo d > x/db/1.sql; cat a.lock; touch db"
    assert end_of(client, create(client, quiet, place).id).state is TaskState.COMPLETED
    (place / "db").unlink()
    # As long and as old as before; only the time of its change tells, which nobody can set.
    sly = "cp -p a.lock o; echo -n b > a.lock; touch -r o a.lock; mkdir -p db/1; touch db/1/x.sql; rm -r .github"
    task = reviewed(client, sly, place)
    assert task.reason == (
        "exit code 0; to be reviewed: it changed .github/workflows/ci.yml, a.lock, db/1/x.sql"
    )
