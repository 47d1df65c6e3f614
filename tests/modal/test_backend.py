"""Containers in sandboxes, through the installed command against the emulated provider."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from pathlib import Path

import pytest

from parhelia_tui.core.settings.process_lock import holder
from tests.support.fleet import configure
from tests.support.git import git
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

WAIT_S = 60.0
MODAL = ("--backend", "modal", "--mode", "empty")


def begun(product: Product, *words: str) -> dict[str, str]:
    """Create a task at the provider, and give it once it runs."""
    task = product.json("task", "create", *MODAL, "--agent", "shell", *words)
    wait_until(lambda: state(product, task["id"]) == "running", WAIT_S)
    found = product.json("task", "show", task["id"])
    assert isinstance(found, dict)
    return found


def state(product: Product, task_id: str) -> str:
    """The state of a task."""
    return str(product.json("task", "show", task_id)["state"])


def kill_controller(product: Product) -> None:
    """Kill the controller as nothing can be caught."""
    pid = holder(product.paths.controller_lock)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: holder(product.paths.controller_lock) is None, WAIT_S)


@pytest.mark.long
def test_output_and_exit_code_come_from_the_sandbox(cloud: Product, provider: Provider) -> None:
    done = cloud.run("run", *MODAL, "id -un; pwd; hostname; exit 42")
    assert (done.returncode, done.stdout) == (42, "agent\n/workspace\nmodal\n"), done.stderr
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


@pytest.mark.long
def test_a_workspace_goes_up_and_what_was_made_of_it_comes_down(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    place = tmp_path / "project"
    (place / "deep").mkdir(parents=True)
    (place / "deep" / "file").write_text("before")
    (place / "run.sh").write_text("#!/bin/sh\nprintf after > deep/file; ln -s deep/file link; rm gone\n")
    (place / "run.sh").chmod(0o755)
    (place / "gone").write_text("")
    git(place, "init", "-q", "-b", "main")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "first")
    done = cloud.run("run", "--backend", "modal", "-w", str(place), "./run.sh")
    assert done.returncode == 0, done.stderr
    (task,) = cloud.json("task", "list")
    back = cloud.paths.workspaces / task["id"]
    assert (back / "deep" / "file").read_text() == "after"
    assert (back / "link").readlink() == Path("deep/file")
    assert not (back / "gone").exists()
    assert os.access(back / "run.sh", os.X_OK)
    # Whoever gave their own directory is told where to look.
    assert f"what it made is in {back}\n" in done.stderr
    assert f"results in  {back}\n" in cloud.run("task", "show", task["id"]).stdout
    assert cloud.json("task", "show", task["id"])["results_in"] == str(back)
    # The directory itself stays as it was: nobody was asked whether it may change.
    assert (place / "deep" / "file").read_text() == "before"
    made = cloud.json("task", "results", task["id"], "--branch")
    assert (made["added"], made["changed"], made["deleted"]) == (["link"], ["deep/file"], ["gone"])
    assert git(place, "show", f"parhelia/{task['id']}:deep/file") == "after"
    assert git(place, "status", "--porcelain") == ""


@pytest.mark.long
def test_a_large_workspace_goes_up_by_the_volume_and_leaves_nothing_there(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    place = tmp_path / "project"
    place.mkdir()
    content = os.urandom(7 << 20)
    (place / "big").write_bytes(content)
    env = {"PARHELIA_MODAL__WORKSPACE_MB": "1"}
    done = cloud.run("run", "--backend", "modal", "-w", str(place), "sha256sum big", env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == hashlib.sha256(content).hexdigest()
    (sandbox,) = provider.sandboxes(running=False)
    # A folder of its own, and nothing of others.
    assert sandbox["volumes"] == [["/vol/parhelia", f"workspaces/{sandbox['name']}", True]]
    assert [each for each in (provider.root / "volumes").rglob("*") if each.is_file()] == []
    (task,) = cloud.json("task", "list")
    assert (cloud.paths.workspaces / task["id"] / "big").read_bytes() == content


@pytest.mark.long
def test_name_and_tags_of_a_sandbox_say_whose_it_is(cloud: Product, provider: Provider) -> None:
    task = begun(cloud, "sleep 1000")
    (sandbox,) = provider.sandboxes()
    assert sandbox["name"] == sandbox["tags"]["container"] == task["container_id"]
    assert sandbox["tags"]["parhelia"].startswith("i-")


@pytest.mark.long
def test_what_is_asked_for_is_asked_of_the_provider(cloud: Product, provider: Provider) -> None:
    begun(cloud, "--gpu", "A100", "--cpus", "2", "--memory", "4096", "--timeout", "1h", "sleep 1000")
    (sandbox,) = provider.sandboxes()
    # A sandbox outlives its container a little, so that the end can be told.
    assert (sandbox["gpu"], sandbox["generation"], sandbox["timeout_s"]) == ("A100", 1, 3600 + 900)


@pytest.mark.long
def test_an_image_that_is_a_default_of_this_machine_is_none_of_a_sandbox(
    cloud: Product, tmp_path: Path
) -> None:
    configure(tmp_path, '[defaults]\nimage = "tools"\n')
    where = ("--mode", "empty", "--backend", "modal")
    done = cloud.run("run", *where, "echo here")
    assert (done.returncode, done.stdout) == (0, "here\n"), done.stderr
    code, error = cloud.error("run", *where, "--image", "tools", "echo here")
    assert (code, error["code"]) == (8, "E603")


def test_a_gpu_of_this_machine_is_refused_in_words(cloud: Product) -> None:
    done = cloud.run("run", "--mode", "empty", "--gpu", "T4", "true")
    assert done.returncode == 8
    assert "local has no GPU for containers" in done.stderr
    assert "--backend modal --gpu T4" in done.stderr
    assert cloud.json("task", "list") == []


@pytest.mark.long
def test_logs_are_followed_while_a_task_runs(cloud: Product, provider: Provider) -> None:
    task = begun(cloud, "echo first; until [ -e go ]; do sleep 0.1; done; echo last")
    wait_until(lambda: "first" in cloud.run("task", "logs", task["id"]).stdout, WAIT_S)
    (sandbox,) = provider.sandboxes()
    (Path(sandbox["root"]) / "workspace" / "go").touch()
    wait_until(lambda: state(cloud, task["id"]) == "completed", WAIT_S)
    assert cloud.run("task", "logs", task["id"]).stdout.split() == ["first", "last"]


@pytest.mark.long
def test_a_terminated_container_leaves_no_sandbox_and_keeps_its_work(
    cloud: Product, provider: Provider
) -> None:
    task = begun(cloud, "echo work > file; echo made; sleep 1000")
    wait_until(lambda: "made" in cloud.run("task", "logs", task["id"]).stdout, WAIT_S)
    assert cloud.run("container", "terminate", task["container_id"], "--yes").returncode == 0
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    wait_until(lambda: state(cloud, task["id"]) == "failed", WAIT_S)
    assert (cloud.paths.workspaces / task["id"] / "file").read_text() == "work\n"


@pytest.mark.long
def test_a_cancelled_task_leaves_no_sandbox(cloud: Product, provider: Provider) -> None:
    task = begun(cloud, "sleep 1000")
    cloud.json("task", "cancel", task["id"])
    wait_until(lambda: state(cloud, task["id"]) == "cancelled", WAIT_S)
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


@pytest.mark.long
def test_a_controller_that_comes_back_reads_on_where_it_was(cloud: Product, provider: Provider) -> None:
    script = "i=0; until [ -e go ]; do i=$((i+1)); echo line $i; sleep 0.05; done; exit 7"
    task = begun(cloud, script)
    wait_until(lambda: "line 2" in cloud.run("task", "logs", task["id"]).stdout, WAIT_S)
    kill_controller(cloud)
    (sandbox,) = provider.sandboxes()
    (Path(sandbox["root"]) / "workspace" / "go").touch()
    cloud.run("status")
    cloud.run("controller", "start")
    wait_until(lambda: state(cloud, task["id"]) == "failed", WAIT_S)
    shown = cloud.json("task", "show", task["id"])
    assert (shown["exit_code"], len(provider.sandboxes(running=False))) == (7, 1)
    lines = cloud.run("task", "logs", task["id"], "--lines", "100000").stdout.split("\n")[:-1]
    assert lines == [f"line {number}" for number in range(1, len(lines) + 1)]


@pytest.mark.long
@pytest.mark.parametrize("rpc", ["SandboxCreate*", "TaskExecStart"])
def test_a_lost_answer_makes_no_second_sandbox(cloud: Product, provider: Provider, rpc: str) -> None:
    provider.order("fault", rpc=rpc, status="UNAVAILABLE", after=True)
    done = cloud.run("run", *MODAL, "echo once")
    assert (done.returncode, done.stdout) == (0, "once\n"), done.stderr
    assert len(provider.sandboxes(running=False)) == 1


def test_an_account_that_is_refused_is_told_in_words(cloud: Product, provider: Provider) -> None:
    provider.order("fault", rpc="AppGetOrCreate", times=100, status="UNAUTHENTICATED")
    done = cloud.run("run", *MODAL, "true")
    assert done.returncode != 0
    (task,) = cloud.json("task", "list")
    assert task["reason"].startswith("E503: the app could not be opened: Modal says that the account is not")


@pytest.mark.long
def test_a_sandbox_that_vanished_is_a_lost_container(cloud: Product, provider: Provider) -> None:
    task = begun(cloud, "sleep 1000")
    provider.order("vanish", id=provider.sandboxes()[0]["id"])
    wait_until(lambda: state(cloud, task["id"]) == "failed", WAIT_S)
    (container,) = cloud.json("container", "list", "--all")
    assert container["state"] == "lost"


def test_an_unused_provider_is_neither_asked_nor_imported(cloud: Product, provider: Provider) -> None:
    assert cloud.run("run", "--mode", "empty", "true").returncode == 0
    cloud.json("controller", "start")
    pid = holder(cloud.paths.controller_lock)
    # Each compiled module that the SDK brings with it is mapped.
    assert "google/_upb" not in Path(f"/proc/{pid}/maps").read_text()
    assert provider.order("calls") == {}


@pytest.mark.long
def test_an_agent_s_reports_reach_the_task(cloud: Product) -> None:
    report = json.dumps(
        {"type": "usage", "model": "m", "input_tokens": 5, "output_tokens": 1, "cost_usd": 0.25}
    )
    script = (
        "import os, socket; s = socket.socket(socket.AF_UNIX);"
        f" s.connect(os.environ['PARHELIA_AGENT_SOCKET']); s.sendall({report!r}.encode() + b'\\n')"
    )
    done = cloud.run("run", *MODAL, "--", "python3", "-c", script)
    assert done.returncode == 0, done.stdout + done.stderr
    (task,) = cloud.json("task", "list")
    assert task["input_tokens"] == 5
    # The second that the sandbox lasted costs a little too.
    assert 0.25 <= task["cost_usd"] < 0.26


@pytest.mark.long
def test_a_further_session_runs_in_the_sandbox(cloud: Product, provider: Provider) -> None:
    task = begun(cloud, "sleep 1000")
    words = ("sh", "-c", "hostname > /workspace/name; sleep 1000")
    assert cloud.run("session", "new", task["container_id"], "--", *words).returncode == 0
    (sandbox,) = provider.sandboxes()
    name = Path(sandbox["root"]) / "workspace" / "name"
    wait_until(lambda: name.exists() and name.read_text() == "modal\n", WAIT_S)
