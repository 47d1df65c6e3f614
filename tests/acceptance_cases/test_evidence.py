"""What is written down: each line sound and complete, no secret in it, nothing outside its place."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.product import Product

pytestmark = pytest.mark.real


def events(product: Product, tmp_path: Path) -> list[dict[str, object]]:
    """All events as they are exported, each line read as JSON."""
    target = tmp_path / "events.jsonl"
    assert product.run("events", "export", str(target)).returncode == 0
    return [json.loads(line) for line in target.read_text().splitlines()]


@pytest.mark.long
def test_every_event_and_every_line_of_a_log_is_json_with_time_kind_and_what_it_is_about(
    product: Product, place: Path, tmp_path: Path
) -> None:
    task = product.json("task", "create", "-w", str(place), "exit 3")["id"]
    product.run("task", "watch", task)
    product.json("task", "retry", task)
    product.run("task", "watch", task)
    product.json("cleanup", "--dry-run")
    found = events(product, tmp_path)
    assert [each["seq"] for each in found] == list(range(1, len(found) + 1))
    for each in found:
        assert isinstance(each["at"], float)
        assert "." in str(each["type"])
        assert each["level"] in ("debug", "info", "warning", "error")
        if str(each["type"]).startswith(("task.", "container.", "session.")):
            assert each["task_id"] == task, each
        if str(each["type"]).startswith(("container.", "session.")):
            assert str(each["container_id"]).startswith("c-"), each
    told = {each["type"] for each in found}
    assert {"task.created", "task.dispatching", "container.started", "task.running", "container.stopped",
            "task.failed", "task.retried", "controller.started"} <= told  # fmt: skip
    for container in product.json("container", "list", "--all"):
        run = product.paths.container(container["id"])
        records = [json.loads(line) for line in (run / "spool.jsonl").read_text().splitlines()]
        assert [each["seq"] for each in records] == list(range(1, len(records) + 1))
        assert all(isinstance(each["at"], float) and each["type"] for each in records)
        assert json.loads((run / "exit.json").read_text())["exit_code"] == 3
        assert (run / "output.log").exists()
    for line in (product.paths.logs / "controller.log").read_text().splitlines():
        assert {"at", "level", "message", "pid"} <= set(json.loads(line))


def test_a_secret_that_a_task_is_given_stands_in_no_log_and_no_event(
    product: Product, place: Path, tmp_path: Path
) -> None:
    secret = "s3cr3t-6f1c0a"
    done = product.run("run", "-w", str(place), "-e", f"TOKEN={secret}", '[ -n "$TOKEN" ] && echo had one')
    assert done.stdout == "had one\n"
    assert (
        product.run("run", "-w", str(place), "-e", f"TOKEN={secret}", "--pids", "4", "exit 1").returncode == 1
    )
    assert secret not in json.dumps(events(product, tmp_path))
    logs = [*product.paths.logs.iterdir(), *product.paths.containers.glob("*/output.log"),
            *product.paths.containers.glob("*/spool.jsonl"), *product.paths.containers.glob("*/exit.json")]  # fmt: skip
    assert len(logs) >= 7
    assert [path for path in logs if secret in path.read_text()] == []
    # Where it has to stand, nobody but the user can read it.
    holders = [
        path for path in product.home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]
    assert holders
    assert {path.stat().st_mode & 0o077 for path in (product.home, *holders)} == {0}


@pytest.mark.long
def test_no_name_that_is_given_leads_out_of_the_state_directory(
    product: Product, place: Path, tmp_path: Path
) -> None:
    before = {path for path in tmp_path.rglob("*") if product.home not in (path, *path.parents)}
    for title in ("../../escaped", "/abs/olute"):
        task = product.json("task", "create", "-w", str(place), "--title", title, "echo said")["id"]
        assert product.run("task", "watch", task).returncode == 0
        assert product.run("task", "logs", task).stdout == "said\n"
        (session,) = [each for each in product.json("session", "list", "--all") if each["task_id"] == task]
        assert not set("/.") & set(session["name"])
        for noun in ("task", "container", "session"):
            assert (
                product.run(noun, "show" if noun != "session" else "capture", f"../{title}").returncode != 0
            )
    assert {path for path in tmp_path.rglob("*") if product.home not in (path, *path.parents)} == before
    assert {len(entry.name) for entry in product.paths.containers.iterdir()} == {len("c-00000000")}


@pytest.mark.long
def test_nothing_of_ours_appears_in_a_repository_that_is_worked_on(product: Product, place: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(place), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    git("init", "-q")
    (place / "code").write_text("1\n")
    git("add", ".")
    git("commit", "-qm", "begin")
    head = git("rev-parse", "HEAD")
    for words in ((), ("--persistent",), ("--mode", "clone")):
        assert product.run("run", "-w", str(place), *words, "cat code").returncode == 0
    demo = ("--agent", "demo", "--option", "pace=0", "--option", "ask=never", "--mode", "clone")
    task = product.json("task", "create", "-w", str(place), *demo, "Write a parser")["id"]
    assert product.run("task", "watch", task).returncode == 0
    assert git("status", "--porcelain", "--ignored") == ""
    assert (git("rev-parse", "HEAD"), git("branch", "--list").split()) == (
        head,
        ["*", git("branch", "--show-current").strip()],
    )
