"""Tasks that leave the choice of a backend to us, on this machine and at the emulated provider."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.fleet import RELEASE, configure, workspace
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

# Who fails does it at once; the others wait for that, so that all run at the same time.
WORK = "echo did {target} on $(uname -s); [ {target} != bad ] || exit 4; echo new > made-{target}"


@pytest.mark.long
def test_tasks_with_different_needs_run_where_they_fit_and_their_results_come_together(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[local]\nmax_containers = 2\ncpus = 2\n[defaults]\nbackend = 'auto'\n")
    place = workspace(tmp_path)
    (place / "file").write_text("as it was\n")
    both = {"workspace": str(place), "network": "none"}
    tasks = [
        # Three at once where two have room: the third goes elsewhere.
        {**both, "prompt": WORK, "targets": ["one", "bad", "three"], "limits": {"cpus": 1}, "priority": 5},
        {**both, "prompt": "echo on a GPU", "title": "gpu", "limits": {"gpu": "any"}},
        {**both, "prompt": "echo at home", "title": "home", "backend": "local"},
    ]
    file = tmp_path / "tasks.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in tasks))
    wait_until(lambda: cloud.run("controller", "start").returncode == 0, 120)
    done = cloud.run("--batch", str(file), "--json", timeout=240)
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["completed"], summary["total"]) == (4, 5)
    found = {each["title"]: each for each in summary["tasks"]}
    group = next(each for each in summary["tasks"] if each["parts"])

    gpu = found["gpu"]
    assert (gpu["state"], gpu["backend"], gpu["placed_on"]) == ("completed", "auto", "modal")
    assert gpu["placed_why"].startswith("1 core, 2048 MiB, T4, costs $")
    assert gpu["placed_why"].endswith("local has no GPU for containers")
    assert gpu["cost_usd"] > 0
    assert (found["home"]["state"], found["home"]["placed_on"]) == ("completed", "")
    results = cloud.run("task", "results", group["id"], "--json")
    assert results.returncode == 1
    whole = json.loads(results.stdout)["data"]
    assert (whole["state"], whole["reason"]) == ("failed", "2 of 3 completed; failed: bad (exit code 4)")
    by_target = {each["target"]: each for each in whole["results"]}
    where = [each["backend"] for each in by_target.values()]
    assert sorted(where) == ["local", "local", "modal"]
    for name in ("one", "three"):
        assert by_target[name]["output"] == [f"did {name} on Linux"]
        assert by_target[name]["files"]["added"] == [f"made-{name}"]
        assert by_target[name]["files"]["changed"] == []
    assert by_target["bad"]["files"]["added"] == []
    assert whole["cost_usd"] == pytest.approx(sum(each["cost_usd"] or 0 for each in whole["results"]))
    (told,) = cloud.json("events", "list", "--task", gpu["id"], "--type", "task.placed")
    assert (told["data"]["backend"], told["data"]["gpu"]) == ("modal", "T4")
    assert "placed" in cloud.run("task", "show", gpu["id"]).stdout
    made = [each["tags"]["container"] for each in provider.sandboxes(running=False)]
    assert len(made) == len(set(made)) == 2
    wait_until(lambda: provider.sandboxes() == [], 30)


@pytest.mark.long
def test_what_cannot_go_anywhere_is_told_before_it_is_created(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "none.toml"))
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)
    words = ("task", "create", "--backend", "auto", "--mode", "empty", "true")
    code, error = product.error(*words, "--gpu", "T4")
    assert (code, error["code"]) == (8, "E603")
    assert error["message"] == (
        "no backend here fits: local has no GPU for containers; modal has no token of this user (modal token new)"
    )
    assert product.json("task", "list") == []
    looked = product.json(*words, "--dry-run", "--cpus", "1")["placement"]
    assert (looked["backend"], looked["usd_per_hour"]) == ("local", 0.0)
    monkeypatch.setenv("MODAL_TOKEN_ID", "ak-nobody")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-nobody")
    looked = product.json(*words, "--dry-run", "--gpu", "H100:2")["placement"]
    assert (looked["backend"], looked["limits"]["gpu"]) == ("modal", "H100:2")
    assert looked["usd_per_hour"] == pytest.approx(
        2 * 0.001097 * 3600 + 0.00003942 * 3600 + 0.00000667 * 7200
    )
    product.run("budget", "set", "1")
    looked = product.json(*words, "--dry-run", "--gpu", "H100:2")["placement"]
    assert looked["for_now"] is True
    assert looked["why"].endswith("more than is left of the budget for everything")
    assert product.json(*words, "--dry-run", "--gpu", "T4")["placement"]["backend"] == "modal"


def test_a_task_goes_where_its_agent_is(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODAL_TOKEN_ID", "ak-nobody")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-nobody")
    words = ("task", "create", "--backend", "auto", "--mode", "empty", "--agent", "claude", "do it")
    configure(tmp_path, '[claude]\npath = "/nowhere"\n')
    looked = product.json(*words, "--dry-run")["placement"]
    assert looked["backend"] == "modal"
    assert "local cannot run its agent: there is no Claude Code at /nowhere (claude.path)" in looked["why"]
    configure(tmp_path, '[claude]\npath = "/nowhere"\n[modal]\nclaude_version = ""\n')
    code, error = product.error(*words)
    assert (code, error["code"]) == (8, "E603")
    assert error["message"].endswith(
        "modal cannot run its agent: there is no Claude Code in the image of its containers"
    )
    assert product.json("task", "list") == []


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that nobody asks a provider about."""
    monkeypatch.setenv("MODAL_TOKEN_ID", "ak-nobody")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-nobody")


NEVER = {
    "modal has no GPU banana; it has A10, ": ("--backend", "modal", "--gpu", "banana"),
    "modal keeps no system for the next container": ("--backend", "modal", "--persistent"),
    "modal runs nothing without isolation": ("--backend", "modal", "--unsandboxed"),
    "local has no GPU for containers": ("--backend", "local", "--gpu", "T4"),
    "local is in no region that could be chosen": ("--backend", "local", "--region", "eu"),
}


@pytest.mark.parametrize("why", NEVER)
def test_what_a_backend_never_gives_is_refused_as_by_the_dry_run(
    product: Product, account: None, why: str
) -> None:
    words = ("task", "create", "--mode", "empty", *NEVER[why], "true")
    looked, made = product.run(*words, "--dry-run"), product.run(*words)
    assert (made.returncode, made.stdout, made.stderr) == (8, "", looked.stderr)
    assert made.stderr.startswith(f"E603: no backend here fits: {why}")
    assert looked.returncode == 8
    assert product.json("task", "list") == []
    assert product.json("controller", "status")["pid"] is None


def test_without_a_token_nothing_is_stored_for_a_provider(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "none.toml"))
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)
    done = product.run("run", "--backend", "modal", "--mode", "empty", "true")
    assert (done.returncode, done.stdout) == (8, "")
    first, *ways = done.stderr.splitlines()
    assert first == "E603: no backend here fits: modal has no token of this user (modal token new)"
    assert ways == ["  try: modal token new", "  try: parhelia help modal"]
    code, error = product.error(
        "--batch", "-", input='{"prompt": "true", "backend": "modal", "workspace_mode": "empty"}\n'
    )
    assert (code, error["code"]) == (2, "E100")
    assert "modal has no token of this user" in error["message"]
    assert product.json("task", "list") == []


def test_work_does_not_go_on_with_what_a_backend_never_gives(
    product: Product, account: None, tmp_path: Path
) -> None:
    made = product.json("run", "--mode", "empty", "true")
    words = ("resume", made["id"], "--backend", "modal", "--gpu", "banana")
    done = product.run(*words)
    assert (done.returncode, done.stdout) == (8, "")
    # Nothing is otherwise, so nothing is said of what would be.
    assert done.stderr.startswith("E603: no backend here fits: modal has no GPU banana; it has A10, ")
    refused = product.run("resume", made["id"], "--backend", "modal", "--gpu", "T4")
    assert refused.stderr.startswith(f"E202: task {made['id']} has no checkpoint"), refused.stderr
    place = workspace(tmp_path)
    assert product.error(*words, "-w", str(place))[1]["code"] == "E603"
    task = product.json("task", "show", made["id"])
    assert (task["backend"], task["workspace"]) == ("local", made["workspace"])


def test_who_names_this_machine_is_given_what_there_is(product: Product) -> None:
    words = ("task", "create", "--mode", "empty", "--dry-run", "--cpus", "1024", "true")
    assert product.json(*words, "--backend", "local")["placement"]["backend"] == "local"
    code, error = product.error(*words, "--backend", "auto", "--region", "eu", "--persistent")
    assert (code, error["code"]) == (8, "E603")


@pytest.mark.long
def test_what_has_no_room_waits_and_lets_others_past(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "none.toml"))
    configure(tmp_path, "[local]\nmax_containers = 1\n")
    place = workspace(tmp_path)
    words = ("task", "create", "-w", str(place), "--mode", "shared", "--priority")
    wait_until(lambda: product.run("controller", "start").returncode == 0, 60)
    first = product.json(*words, "9", "--backend", "local", RELEASE)["id"]
    wait_until(lambda: product.json("task", "show", first)["state"] == "running", 60)
    second = product.json(*words, "5", "--backend", "auto", "true")["id"]
    third = product.json(*words, "1", "--backend", "local", "true")["id"]
    assert product.run("task", "watch", third).returncode == 0
    waits = product.json("task", "show", second)
    assert (waits["state"], waits["attempt"]) == ("pending", 0)
    assert waits["reason"].startswith("waits for room: local holds as many containers as it may; modal ")
    (place / "go").touch()
    assert product.run("task", "watch", second).returncode == 0
    shown = product.json("task", "show", second)
    assert (shown["placed_on"], shown["placed_why"]) == ("local", "costs nothing")
    told = [each for each in shown["events"] if each["type"] == "task.held_back"]
    assert len(told) == 1


@pytest.mark.long
def test_what_is_mounted_goes_up_once_as_a_copy_and_what_is_to_be_written_stays_here(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "file").write_text("of the host\n")
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Ada\n")
    mount = ("--mount", f"{store}:/storage", "--mount", f"{tmp_path / 'gitconfig'}:/home/agent/.gitconfig")
    elsewhere = ("--backend", "modal", "--mode", "empty")
    command = "cat /storage/file; grep name ~/.gitconfig; touch /storage/made"
    done = cloud.run("run", *elsewhere, *mount, command)
    assert done.returncode == 1
    assert done.stdout.startswith("of the host\n\tname = Ada\n"), done
    assert [each.name for each in store.iterdir()] == ["file"]
    written = ("--mount", f"{store}:/storage:rw")
    code, error = cloud.error("task", "create", *elsewhere, *written, "true")
    assert (code, error["code"]) == (8, "E603")
    assert "is to be written" in error["message"]
    needs = ("--backend", "auto", "--mode", "empty", "--dry-run")
    place = cloud.json("task", "create", *needs, *written, "true")["placement"]
    assert place["backend"] == "local"
    code, error = cloud.error("task", "create", *needs, *written, "--gpu", "any", "true")
    assert "has copies alone of this machine's files" in error["message"]
