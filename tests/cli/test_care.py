"""The commands that look after the fleet: events, status, doctor, controller, store, configuration."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.support.fleet import configure
from tests.support.in_namespace import run_on_small_disk
from tests.support.product import Product
from tests.support.waiting import process_is_there, wait_until

DOCTOR = """
import json, os, subprocess, sys
env = {**os.environ, "PARHELIA_HOME": sys.argv[1] + "/state"}
done = subprocess.run([sys.argv[2], "--json", "doctor"], env=env, capture_output=True, text=True)
print(json.dumps([done.returncode, json.loads(done.stdout)["data"]]))
"""

EMPTY = ("--mode", "empty")


@pytest.mark.long
@pytest.mark.real
def test_events_are_listed_filtered_and_exported(product: Product, tmp_path: Path) -> None:
    product.run("run", *EMPTY, "exit 1")
    product.run("run", *EMPTY, "true")
    everything = product.json("events", "list")
    assert set(everything[0]) >= {
        "seq", "at", "type", "level", "message", "task_id", "container_id", "data",
    }  # fmt: skip
    assert [each["seq"] for each in everything] == sorted(each["seq"] for each in everything)
    (failed,) = product.json("events", "list", "--type", "task.failed")
    assert failed["level"] in ("warning", "error")
    assert {each["type"].split(".")[0] for each in product.json("events", "list", "--type", "task.*")} == {
        "task"
    }
    assert {each["task_id"] for each in product.json("events", "list", "--task", failed["task_id"])} == {
        failed["task_id"]
    }
    assert len(product.json("events", "list", "-n", "2")) == 2
    assert product.json("events", "list", "--since", "1h")
    assert "nothing there" in product.run("events", "list", "--type", "no.such").stdout

    file = tmp_path / "out.jsonl"
    assert product.run("events", "export", str(file)).returncode == 0
    exported = [json.loads(line) for line in file.read_text().splitlines()]
    assert exported[: len(everything)] == everything[: len(exported)]
    before = file.read_bytes()
    code, error = product.error("events", "export", str(file))
    assert (code, error["code"]) == (2, "E101")
    assert "exists already" in error["message"]
    assert file.read_bytes() == before
    listed = product.run("events", "export", "-", "--format", "json", "--fields", "seq,type").stdout
    assert set(json.loads(listed)[0]) == {"seq", "type"}
    assert product.run("events", "export", "--yes", str(file), "--type", "task.*").returncode == 0
    assert len(file.read_text().splitlines()) < len(exported)


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--since", "soon"],
        ["list", "--level", "loud"],
        ["list", "-n", "0"],
        ["export", "/no/such/place/file"],
        ["export", "."],
        ["export"],
        ["list", "unexpected"],
    ],
)
def test_events_cannot_be_asked_for_wrongly_without_words(product: Product, words: list[str]) -> None:
    done = product.run("events", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(("E101: ", "E102: "))
    assert "  try: " in done.stderr


@pytest.mark.real
def test_events_are_followed_until_ctrl_c(product: Product) -> None:
    product.run("status")
    process = product.start("events", "watch", "--type", "task.*", "--from-start", "--json")
    assert process.stdout is not None
    product.run("run", *EMPTY, "true")
    seen: list[str] = []
    while seen[-1:] != ["task.completed"]:
        seen.append(json.loads(process.stdout.readline())["type"])
    assert seen[0] == "task.created"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (130, "")


@pytest.mark.real
def test_the_controller_is_started_looked_at_and_stopped(product: Product) -> None:
    assert product.json("controller", "status") == {"state": "absent", "pid": None}
    assert "no controller runs" in product.run("reconciler", "status").stdout
    assert product.json("reconciler", "status") == {"running": False}
    assert "no controller ran" in product.run("controller", "stop").stdout
    pid = product.json("controller", "start")["pid"]
    assert product.json("controller", "start")["pid"] == pid
    about = product.json("controller", "status")
    assert (about["state"], about["pid"], about["live_containers"]) == ("running", pid, 0)
    code, error = product.error("controller", "run")
    assert (code, error["code"]) == (6, "E103")
    assert str(pid) in error["message"]
    done = product.json("reconciler", "run")
    assert (done["complete"], done["errors"], done["live"]) == (True, [], 0)
    last = product.json("reconciler", "status")["last"]
    assert last["complete"] is True
    assert any("controller starts" in each["message"] for each in product.json("controller", "logs"))
    assert product.json("controller", "stop") == {"stopped": True}
    wait_until(lambda: not process_is_there(pid), 30)


@pytest.mark.real
def test_a_controller_in_the_foreground_prints_its_log_until_ctrl_c(product: Product) -> None:
    process = product.start("controller", "run")
    assert process.stdout is not None
    assert "controller starts" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert "controller leaves" in said


def test_the_doctor_says_that_a_disk_is_full(product: Product, tmp_path: Path) -> None:
    said = run_on_small_disk(DOCTOR, tmp_path / "disk", 600, (product.command[0],))
    code, parts = json.loads(said)
    found = {each["name"]: each for each in parts}["state directory"]
    assert (code, found["works"]) == (8, False)
    assert found["how"].startswith("E507")
    assert found["remedy"].startswith("df -h ")


@pytest.mark.long
@pytest.mark.real
def test_the_doctor_says_what_works_and_what_to_type(product: Product, tmp_path: Path) -> None:
    done = product.run("doctor")
    assert done.returncode == 0, done.stdout
    parts = {each["name"]: each for each in product.json("doctor")}
    assert {"tmux", "bubblewrap", "git", "isolation", "store", "configuration", "controller"} <= set(parts)
    # Its word is as good as a try.
    ran = product.run("run", *EMPTY, "--persistent", "touch /usr/made && echo fine")
    assert parts["persistent containers"]["works"] is (ran.stdout == "fine\n"), (parts, ran)
    configure(tmp_path, "[defaults]\nagnet = 1\n")
    done = product.run("doctor")
    assert done.returncode == 8
    assert "config.toml:2: unknown key" in done.stdout
    assert "did you mean 'agent'?" in done.stdout


def test_the_store_is_counted_checked_and_copied(product: Product, tmp_path: Path) -> None:
    product.run("status")
    assert product.json("db", "status")["rows"]["tasks"] == 0
    assert product.json("db", "check") == {"faults": []}
    assert "the store is at step" in product.run("db", "migrate").stdout
    target = tmp_path / "copy.sqlite"
    assert product.json("db", "backup", str(target))["file"] == str(target)
    copy = sqlite3.connect(target)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    for file in (target, tmp_path / "no" / "such" / "file"):
        code, error = product.error("db", "backup", str(file))
        assert (code, error["code"]) == (2, "E101"), file
    product.paths.database.write_bytes(b"no database at all, but text" * 1000)
    for words in (["db", "check"], ["task", "list"], ["status"]):
        done = product.run(*words)
        assert done.returncode == 1, words
        assert "E506" in done.stderr or done.stdout
        assert "Traceback" not in done.stderr


@pytest.mark.long
def test_the_configuration_is_shown_with_where_it_comes_from(product: Product, tmp_path: Path) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 3\n")
    shown = product.json("config", "show", "max_containers")
    assert set(shown) == {"controller.max_containers", "local.max_containers", "modal.max_containers"}
    assert shown["controller.max_containers"]["value"] == 3
    assert "config.toml:2" in shown["controller.max_containers"]["source"]
    assert set(product.json("config", "show", "limits")) == {
        f"defaults.limits.{name}" for name in ("cpus", "memory_mb", "pids", "lifetime_s")
    }
    code, error = product.error("config", "show", "limit")
    assert (code, error["code"]) == (2, "E101")
    assert "Did you mean limits?" in error["message"]
    assert [each["exists"] for each in product.json("config", "path")][1] is True
    assert product.run("config", "check").returncode == 0
    # What is offered as an example can be used as it is.
    configure(tmp_path, product.run("config", "example").stdout)
    assert product.run("config", "check").returncode == 0


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[controller]\nmax_containers = 0\n", ":2: "),
        ("[nope]\nx = 1\n", ":1: unknown key 'nope'"),
        ("x = [", ":1:"),
        ("\n\n[defaults]\nnetwork = 'some'\n", ":4: "),
    ],
)
def test_a_broken_configuration_is_named_with_its_line(
    product: Product, tmp_path: Path, text: str, part: str
) -> None:
    configure(tmp_path, text)
    for words in (["config", "check"], ["task", "create", *EMPTY, "true"], ["run", *EMPTY, "true"]):
        done = product.run(*words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert done.stderr.startswith("E700: "), words
        assert f"config.toml{part}" in done.stderr, words
    # What needs no configuration goes on.
    assert product.run("task", "list").returncode == 0


def test_a_completion_is_printed_installed_and_offers_what_there_is(product: Product, tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_PARHELIA_COMPLETE" in product.run("completion", shell).stdout
    there = {"XDG_DATA_HOME": str(tmp_path / "data"), "SHELL": "/bin/bash"}
    file = Path(product.json("completion", "install", env=there)["file"])
    assert file == tmp_path / "data" / "bash-completion" / "completions" / "parhelia"
    assert "_PARHELIA_COMPLETE" in file.read_text()
    code, error = product.error("completion", "install", env={"SHELL": "/bin/tcsh"})
    assert (code, error["code"]) == (2, "E102")
    assert product.run("completion", "install", "tcsh").returncode == 2
    offer = {"_PARHELIA_COMPLETE": "bash_complete", "COMP_CWORD": "2"}
    said = product.run(env={**offer, "COMP_WORDS": "parhelia task "}).stdout
    assert "plain,create" in said
    # No store is made for it.
    assert not product.paths.database.exists()
    assert product.run(env={**offer, "COMP_WORDS": "parhelia attach "}).stdout == "\n"


def test_what_nobody_knows_is_not_ended_where_nobody_can_be_asked(product: Product) -> None:
    done = product.run("cleanup", "--terminate", input="n\n")
    assert (done.returncode, done.stdout) == (2, "")
    first, *ways = done.stderr.splitlines()
    assert first.startswith("E102: nobody can be asked here")
    assert "-y" in first
    assert ways[0] == "  try: parhelia cleanup --terminate --yes"
    # It is refused before anything is looked for.
    assert product.json("controller", "status")["pid"] is None
    assert product.json("cleanup", "--terminate", "--dry-run")["orphans"] == []
    assert product.json("cleanup", "--terminate", "-y")["orphans"] == []


def test_a_round_that_could_not_look_at_a_backend_fails_and_says_which(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "none.toml"))
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)
    # There may be something at the provider, as this state directory was there.
    product.home.mkdir(mode=0o700, exist_ok=True)
    (product.home / "modal.json").write_text('{"installation": "p-0123456789"}')
    done = product.run("reconciler", "run")
    assert done.returncode == 8
    assert "complete    False" in done.stdout
    assert done.stderr.startswith(
        "E503: not everything was looked at: modal could not be listed, nothing is concluded: "
    )
    assert "token" in done.stderr.splitlines()[0]
    ended = product.run("cleanup", "--terminate", "--yes")
    assert (ended.returncode, ended.stdout) == (8, "0 being ended\n")
    assert ended.stderr == done.stderr
    code, error = product.error("cleanup", "--terminate", "--yes")
    assert (code, error["code"], error["details"]["orphans"]) == (8, "E503", [])


@pytest.mark.long
@pytest.mark.real
def test_status_and_cleanup_and_the_words_of_help(product: Product) -> None:
    assert product.run("status").stdout.startswith("controller  absent")
    task_id = product.json("run", *EMPTY, "true")["id"]
    (container,) = product.json("container", "list", "--all")
    assert product.json("status")["totals"]["by_state"] == {"completed": 1}
    assert product.json("budget", "show")["spent_total_usd"] == 0
    assert [each["name"] for each in product.json("agent", "list")] == [
        "claude",
        "shell",
        "demo",
        "codex",
        "gemini",
    ]
    assert product.json("cleanup", "--dry-run")["removed"] == [container["id"]]
    assert product.paths.container(container["id"]).exists()
    assert product.json("cleanup")["removed"] == [container["id"]]
    assert not product.paths.container(container["id"]).exists()
    assert Path(product.json("task", "show", task_id)["workspace"]).is_dir()
    for words, part in (
        (["help", "E205"], "SESSION_LIMIT"),
        (["help", "exit"], "Ctrl+C"),
        (["help", "task", "create"], "Usage: parhelia task create"),
        (["examples", "batch"], "parhelia --batch"),
    ):
        assert part in product.run(*words).stdout
    code, error = product.error("help", "bach")
    assert (code, error["code"]) == (2, "E101")
    assert "Did you mean batch" in error["message"]
    assert product.error("examples", "bach")[1]["message"].endswith("Did you mean batch?")


@pytest.mark.long
@pytest.mark.real
def test_the_demo_starts_so_many_tasks_and_the_same_for_the_same_seed(product: Product) -> None:
    first = product.json("demo", "--count", "2", "--seed", "3", "--no-dashboard")
    assert len(first) == 2
    for each in first:
        product.run("task", "cancel", each["id"])
    again = product.json("demo", "--count", "2", "--seed", "3", "--no-dashboard")
    assert [each["title"] for each in again] == [each["title"] for each in first]
    for each in again:
        product.run("task", "cancel", each["id"])
    assert product.run("demo", "--count", "0").returncode == 2


@pytest.mark.real
def test_the_demo_leaves_the_tasks_and_the_money_of_its_user_alone(product: Product, tmp_path: Path) -> None:
    mine, demo = tmp_path / "parhelia", Product(tmp_path / "parhelia-demo")
    nowhere = {"PARHELIA_HOME": "", "XDG_STATE_HOME": str(tmp_path)}
    done = product.run("demo", "--count", "1", "--no-dashboard", env=nowhere)
    try:
        assert done.returncode == 0, done.stderr
        assert not mine.exists()
        (task,) = demo.json("task", "list")
        assert done.stdout.splitlines() == [
            f"{task['id']}  {task['title']}",
            f"see them: PARHELIA_HOME={demo.home} parhelia",
        ]
        assert product.json("task", "list", env=nowhere) == []
    finally:
        demo.close()


@pytest.mark.real
def test_a_killed_controller_is_seen_as_absent_and_started_anew(product: Product) -> None:
    pid = product.json("controller", "start")["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not process_is_there(pid), 30)
    assert product.json("controller", "status")["pid"] is None
    assert product.run("run", *EMPTY, "echo fine").stdout == "fine\n"
