"""`parhelia task`: what is made, shown, ended and tried again, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from tests.support.fleet import RELEASE, reach, workspace
from tests.support.product import Product

EMPTY = ("--mode", "empty")
SCHEMA = {
    "id", "slug", "title", "prompt", "agent", "agent_options", "workspace", "workspace_mode", "backend",
    "network", "persistent", "unsandboxed", "env", "limits", "slot_wanted", "priority", "batch", "state",
    "wanted", "reason", "question", "last_line", "attempt", "container_id", "exit_code", "input_tokens",
    "output_tokens", "cost_usd", "created_at", "started_at", "finished_at", "owner", "rev", "version",
}  # fmt: skip
"""What programs may rely on: a key may come, none may go."""


def made(product: Product, *words: str) -> str:
    """Create a task and give its id."""
    task_id: str = product.json("task", "create", *words)["id"]
    return task_id


@pytest.mark.long
@pytest.mark.real
def test_the_life_of_a_task_from_its_creation_to_a_second_try(product: Product, tmp_path: Path) -> None:
    place = workspace(tmp_path)
    command = f"echo begun; {RELEASE}; [ -e fine ]"
    done = product.run("task", "create", "-w", str(place), "--title", "a life", command)
    assert (done.returncode, done.stderr) == (0, "")
    task_id = done.stdout.split()[0]
    assert done.stdout == f"{task_id}  a life\n"
    client = product.client()
    reach(client, task_id, TaskState.RUNNING, deadline_s=30)
    assert task_id in product.run("task", "list", "--state", "running").stdout
    shown = product.json("task", "show", task_id[2:])
    assert shown["state"] == "running"
    # The try that goes on is where the task is.
    assert [each["state"] for each in shown["attempts"]] == ["running"]
    assert shown["events"][0]["type"] == "task.created"
    code, error = product.error("task", "retry", task_id)
    assert (code, error["code"]) == (6, "E103")
    assert error["message"].startswith(f"task {task_id} is running")

    (place / "go").touch()
    watched = product.run("task", "watch", task_id, "--from-start")
    assert watched.returncode == 1
    assert "failed" in watched.stdout.splitlines()[-1]
    assert "task.created" in watched.stdout
    code, error = product.error("task", "cancel", task_id)
    assert (code, error["code"]) == (6, "E103")

    (place / "fine").touch()
    assert "in the queue again" in product.run("task", "retry", task_id).stdout
    assert product.run("task", "watch", task_id, "--quiet").returncode == 0
    page = product.run("task", "show", task_id).stdout
    assert "state       ✓ completed" in page
    attempts = product.json("task", "show", task_id)["attempts"]
    assert [each["state"] for each in attempts] == ["failed", "completed"]
    assert product.run("task", "logs", task_id).stdout == "begun\n"
    assert product.json("task", "logs", task_id)["lines"] == ["begun"]
    client.close()


@pytest.mark.real
def test_where_the_copy_is_that_a_task_worked_on_is_shown(product: Product, tmp_path: Path) -> None:
    place = workspace(tmp_path)
    ran = product.json("run", "-w", str(place), "--mode", "clone", "touch made")
    copy = product.paths.workspaces / ran["id"]
    assert ran["results_in"] == str(copy)
    assert (copy / "made").exists()
    shown = product.run("task", "show", ran["id"]).stdout
    assert f"workspace   {place} (clone)\n" in shown
    assert f"results in  {copy}\n" in shown
    # What works on the directory itself has no other place.
    itself = product.json("run", "-w", str(place), "--mode", "shared", "true")
    assert itself["results_in"] is None
    assert "results in" not in product.run("task", "show", itself["id"]).stdout


@pytest.mark.real
@pytest.mark.parametrize("again", [("resume", "--yes"), ("task", "retry")], ids=["resume", "retry"])
def test_what_the_attempt_before_said_last_is_not_shown_as_said_by_the_next(
    product: Product, tmp_path: Path, again: tuple[str, ...]
) -> None:
    place = workspace(tmp_path)
    # The first attempt speaks and fails, the second is silent.
    command = f"[ -e seen ] || {{ touch seen; echo my last words; exit 3; }}; {RELEASE}"
    done = product.run("run", "-w", str(place), command)
    assert done.returncode == 3
    task_id = product.json("task", "list")[0]["id"]
    assert "says        my last words\n" in product.run("task", "show", task_id).stdout
    product.json("checkpoint", "create", task_id)
    product.json(*again, task_id)
    client = product.client()
    reach(client, task_id, TaskState.RUNNING)
    assert "\nsays " not in product.run("task", "show", task_id).stdout
    (place / "go").touch()
    assert reach(client, task_id, *TASK_ENDED).state is TaskState.COMPLETED
    client.close()


@pytest.mark.real
def test_a_log_is_followed_to_the_end_of_its_task(product: Product, tmp_path: Path) -> None:
    place = workspace(tmp_path)
    task_id = made(product, "-w", str(place), f"echo one; echo two; {RELEASE}; echo three")
    process = product.start("task", "logs", task_id, "--follow")
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["one\n", "two\n"]
    (place / "go").touch()
    assert process.communicate(timeout=30)[0] == "three\n"
    assert process.returncode == 0
    assert product.run("task", "logs", task_id, "-n", "1").stdout == "three\n"


@pytest.mark.real
def test_with_watch_the_creation_follows_to_the_end_with_one_object_a_line(product: Product) -> None:
    done = product.run("task", "create", *EMPTY, "--watch", "--json", "exit 4")
    assert (done.returncode, done.stderr) == (1, "")
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said[0]["state"] == "pending"
    assert "task.running" in [each.get("type") for each in said]
    assert (said[-1]["state"], said[-1]["exit_code"]) == ("failed", 4)


@pytest.mark.long
@pytest.mark.real
def test_several_are_cancelled_together_and_a_typo_cancels_none(product: Product) -> None:
    ids = [made(product, *EMPTY, "sleep 600") for _ in range(2)]
    code, error = product.error("task", "cancel", *ids, "nothing")
    assert (code, error["code"]) == (1, "E201")
    assert {task["wanted"] for task in product.json("task", "list")} == {"run"}
    done = product.run("task", "cancel", *ids, "--reason", "enough")
    assert done.stdout == "".join(f"{each} is being cancelled\n" for each in ids)
    client = product.client()
    ended = [reach(client, each, *TASK_ENDED, deadline_s=30) for each in ids]
    assert [(each.state, each.reason) for each in ended] == [(TaskState.CANCELLED, "enough")] * 2
    client.close()


@pytest.mark.long
@pytest.mark.real
def test_a_prompt_of_100_kb_runs_whole_from_a_file_and_from_standard_input(
    product: Product, tmp_path: Path
) -> None:
    prompt = f"echo {'x' * 100_000} | wc -c"
    file = tmp_path / "prompt.txt"
    file.write_text(prompt)
    ids = [
        made(product, *EMPTY, "--file", str(file)),
        product.json("task", "create", *EMPTY, "-", input=prompt)["id"],
    ]
    for task_id in ids:
        assert product.run("task", "watch", task_id).returncode == 0
        assert product.json("task", "show", task_id)["prompt"] == prompt
        assert product.run("task", "logs", task_id).stdout == "100001\n"
        assert max(map(len, product.run("task", "list").stdout.splitlines())) < 250


@pytest.mark.long
@pytest.mark.real
def test_control_characters_and_wide_letters_of_a_prompt_arrive_but_are_not_shown(product: Product) -> None:
    prompt = "printf '日本語 \x1b[31mred\x01 é\u202e\n'"
    done = product.run("task", "create", *EMPTY, prompt)
    task_id = done.stdout.split()[0]
    assert product.run("task", "watch", task_id).returncode == 0
    assert product.json("task", "show", task_id)["prompt"] == prompt
    for words in (["task", "list"], ["task", "show", task_id], ["task", "logs", task_id], ["status"]):
        said = product.run(*words).stdout
        assert not set(said) & {"\x1b", "\x01", "\u202e"}, words
    assert product.run("task", "logs", task_id).stdout == "日本語 red é\n"
    assert "日本語 red é" in product.run("task", "list").stdout


@pytest.mark.parametrize(
    ("words", "exit_code", "code", "part"),
    [
        ([], 2, "E102", "a prompt is missing"),
        ([""], 2, "E100", "the prompt is empty"),
        ([" \n"], 2, "E100", "the prompt is empty"),
        (["--file", "no-such-file"], 2, "E101", "'no-such-file' cannot be read"),
        (["--file", "a", "b"], 2, "E101", "one of them is enough"),
        (["--agent", "nobody", "x"], 2, "E101", "there are claude, codex, demo, gemini, shell"),
        (["--agent", "demo", "--option", "nope=1", "x"], 2, "E100", "no option 'nope'"),
        (["--option", "a", "x"], 2, "E101", "write NAME=VALUE"),
        (["--backend", "nowhere", "x"], 8, "E603", "no backend 'nowhere'; there is auto, local"),
        (["--timeout", "soon", "x"], 2, "E101", "write 90s, 15m, 4h or 1d"),
        (["--memory", "1", "x"], 2, "E100", "E100: --memory: should be"),
        (["--cpus", "nan", "x"], 2, "E100", "E100: --cpus: should be a finite number"),
        (["--gpu", "A100:0", "x"], 2, "E100", "E100: --gpu: is no GPU: name its kind, as A100, or T4:2"),
        (["--slot", "0", "x"], 2, "E100", "slot: should be"),
        (["--env", "1A=x", "x"], 2, "E100", "'1A' is not a name"),
        (["--network", "some", "x"], 2, "E101", "'--network': 'some' is not one of"),
        (["--profile", "nobody", "x"], 2, "E101", "no profile 'nobody'"),
        (["--nope", "x"], 2, "E101", "no such option '--nope'"),
    ],
)
def test_what_cannot_be_a_task_is_refused_with_its_code(
    product: Product, words: list[str], exit_code: int, code: str, part: str
) -> None:
    done = product.run("task", "create", *EMPTY, *words)
    assert (done.returncode, done.stdout) == (exit_code, "")
    first, *ways = done.stderr.splitlines()
    assert first.startswith(f"{code}: ")
    assert part in first
    assert ways
    assert all(each.startswith("  try: ") for each in ways)


@pytest.mark.long
def test_a_workspace_that_cannot_be_one_is_refused(product: Product, tmp_path: Path) -> None:
    for name in ("/no/such/place", "/etc/hostname", "/", str(tmp_path / "state")):
        code, error = product.error("task", "create", "-w", name, "true")
        assert (code, error["code"]) == (1, "E204"), name
        assert name in error["message"]
    assert product.json("task", "list") == []
    assert "nothing there" in product.run("task", "list").stdout


def test_a_dry_run_checks_and_starts_nothing(product: Product) -> None:
    assert product.run("task", "create", *EMPTY, "--dry-run", "true").returncode == 0
    shell = ("task", "create", *EMPTY, "--agent", "shell", "--dry-run")
    assert product.json(*shell, "rm", "my file")["prompt"] == "rm 'my file'"
    assert product.json(*shell, "cd here && ls")["prompt"] == "cd here && ls"
    assert product.json(*shell[:-3], "--agent", "demo", "--dry-run", "two", "words")["prompt"] == "two words"
    code, error = product.error("task", "create", "--dry-run", "-w", "/no/such/place", "true")
    assert (code, error["code"]) == (1, "E204")
    assert product.json("task", "list") == []
    assert product.json("controller", "status")["pid"] is None


@pytest.mark.long
@pytest.mark.real
def test_an_id_may_be_cut_to_a_beginning_that_is_the_only_one(product: Product) -> None:
    one, other = (made(product, *EMPTY, "true") for _ in range(2))
    assert product.json("task", "show", one[: len(one) - 1])["id"] == one
    code, error = product.error("task", "show", "t-")
    assert (code, error["code"]) == (2, "E101")
    assert sorted(error["details"]["ids"]) == sorted([one, other])
    for text in ("nothing", "", "t-zzzz", "a\x1b[31mb", "%", "*"):
        code, error = product.error("task", "show", text)
        assert (code, error["code"]) == (1, "E201"), text
    said = product.run("task", "show", "a\x1b[31mb").stderr
    assert "\x1b" not in said


@pytest.mark.real
def test_programs_find_every_field_they_know(product: Product) -> None:
    task_id = made(product, *EMPTY, "true")
    (listed,) = product.json("task", "list")
    shown = product.json("task", "show", task_id)
    assert set(listed) >= SCHEMA
    assert set(shown) >= SCHEMA | {"attempts", "events"}
    assert set(shown["attempts"][0] if shown["attempts"] else {}) <= {
        "task_id", "number", "container_id", "state", "reason", "exit_code", "started_at", "finished_at",
            "conversation", "backend",
    }  # fmt: skip
    assert product.json("task", "list", "--fields", "id,title") == [{"id": task_id, "title": "true"}]
    code, error = product.error("task", "list", "--fields", "id,nope")
    assert (code, error["code"]) == (2, "E101")
    assert "there is no field 'nope'" in error["message"]


def test_where_nobody_names_an_agent_and_the_built_in_one_is_missing_it_says_what_to_type(
    product: Product, tmp_path: Path
) -> None:
    bare = {"PARHELIA_DEFAULTS__AGENT": "", "HOME": str(tmp_path), "PATH": str(tmp_path)}
    place = str(workspace(tmp_path))
    code, error = product.error("task", "create", "-w", place, "make the tests pass", env=bare)
    assert (code, error["code"], error["details"]["agent"]) == (8, "E500", "claude")
    assert error["message"].startswith(
        "no agent is named, so claude is to do it, and Claude Code is not on this"
    )
    told = product.run("task", "create", "-w", place, "make the tests pass", env=bare).stderr
    assert "try: parhelia task create --agent shell 'make the tests pass'\n" in told
    # Of a batch each place, the reason once, and what is wrong beside it.
    entries = [
        {"prompt": "make"},
        {"prompt": "make test"},
        {"prompt": " "},
        {"prompt": "x", "agent": "shell"},
    ]
    lines = "".join(json.dumps(each) + "\n" for each in entries)
    done = product.run("--batch", "-", "-w", place, input=lines, env=bare)
    assert done.returncode == 2
    assert done.stderr.count("no agent is named") == 1
    assert "standard input:1, standard input:2: no agent is named" in done.stderr
    assert "standard input:3: prompt: the prompt is empty" in done.stderr
    assert "try: parhelia --batch - --agent shell\n" in done.stderr
    assert product.json("task", "list") == []


def test_tasks_whose_random_ids_meet_get_others(product: Product, tmp_path: Path) -> None:
    digits = iter(["aaaaaaaa", "aaaaaaaa", "bbbbbbbb", "aaaaaaaa", "cccccccc", "cccccccc", "dddddddd"])
    client = Client(product.paths, random=lambda count: next(digits))
    place = str(workspace(tmp_path))
    made = [client.create_task(TaskRequest(prompt="true", workspace=place)) for _ in range(2)]
    group = client.create_task(TaskRequest(prompt="echo {target}", workspace=place, targets=("one",)))
    assert [each.id for each in made] == ["t-aaaaaaaa", "t-bbbbbbbb"]
    assert [group.id, *(each.id for each in client.parts(group.id))] == ["t-cccccccc", "t-dddddddd"]
    for each in (*made, group):
        reach(client, each.id, TaskState.COMPLETED)
    client.close()
