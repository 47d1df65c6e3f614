"""Results that do not come home: the end is told even so, with its true exit code and why; what may help is tried again."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import configure, container_of, end_of, event, reach, types_of
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

WAIT_S = 60.0
MODAL = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
GO = "until [ -e go ]; do sleep 0.1; done; "
DEEP = """python3 -c "
import os
for _ in range(20):
    os.mkdir('a' * 200)
    os.chdir('a' * 200)
" """


@pytest.fixture
def client(cloud: Product) -> Client:
    return Client(cloud.paths)


def create(cloud: Product, command: str) -> str:
    """Create a task at the provider and give its id."""
    return str(cloud.json("task", "create", *MODAL, command)["id"])


def go(provider: Provider) -> None:
    """Let a command that waits go on."""
    (sandbox,) = provider.sandboxes()
    Path(sandbox["root"], "workspace/go").write_text("")


def warnings(cloud: Product) -> list[str]:
    """What the log says of results."""
    log = (cloud.paths.home / "logs/controller.log").read_text()
    return [line for line in log.splitlines() if "could not be fetched" in line and "WARNING" in line.upper()]


def ended_without(cloud: Product, client: Client, provider: Provider, task_id: str, code: str) -> Any:
    """Its end has its true exit code and says why the results are not here; the sandbox is gone."""
    ended = end_of(client, task_id, WAIT_S)
    assert container_of(client, task_id).exit_code == 7
    assert ended.state is TaskState.FAILED
    reason = container_of(client, task_id).reason or ""
    assert reason.startswith(f"exit code 7; its results could not be fetched: {code}: ")
    assert len(warnings(cloud)) == 1
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


def test_a_name_that_cannot_be_had_here_stays_behind_alone(
    cloud: Product, client: Client, provider: Provider
) -> None:
    task_id = create(cloud, f"{DEEP}; echo kept > kept; exit 7")
    assert end_of(client, task_id, WAIT_S).reason == "exit code 7"
    assert (cloud.paths.workspaces / task_id / "kept").read_text() == "kept\n"
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


@pytest.mark.long
def test_what_can_never_be_fetched_is_fetched_once(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nresults_mb = 1\nlinger_s = 8\n")
    task_id = create(cloud, "head -c 3M /dev/urandom > large; exit 7")
    ended_without(cloud, client, provider, task_id, "E507")
    # To follow it, to fetch it, and to say that it is done with.
    assert provider.order("calls")["TaskExecStart"] == 3


@pytest.mark.long
def test_a_file_that_is_larger_than_any_disk_is_refused_before_it_is_read(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    """It costs an agent nothing; to read it would keep a sandbox, and this machine, busy for hours."""
    configure(tmp_path, "[modal]\nlinger_s = 8\n")
    task_id = create(cloud, "truncate -s 2T large; exit 7")
    ended_without(cloud, client, provider, task_id, "E507")


@pytest.mark.long
def test_results_that_are_too_large_wait_for_who_raises_the_bound(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nresults_mb = 1\n")
    task_id = create(cloud, "head -c 3M /dev/urandom > large; exit 7")
    told = event(client, "container.results_wait", task_id=task_id)
    assert "E507: what comes home is more than modal.results_mb (1 MB): raise it" in told.message
    assert "within 14m" in told.message
    assert told.level == "warning"
    assert len(provider.sandboxes()) == 1
    # One that is being written cannot be read.
    configure(tmp_path, "[modal]\nresults_mb = ")
    configure(tmp_path, "[modal]\nresults_mb = 8\n")
    assert end_of(client, task_id, WAIT_S).reason == "exit code 7"
    assert (cloud.paths.workspaces / task_id / "large").stat().st_size == 3 << 20
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    # To follow it, to fetch it twice, and to say that it is done with.
    assert provider.order("calls")["TaskExecStart"] == 4
    assert types_of(client, task_id=task_id).count("container.results_wait") == 1


def test_what_fails_for_a_while_is_tried_again_with_pauses(
    cloud: Product, client: Client, provider: Provider
) -> None:
    task_id = create(cloud, f"{GO} echo made > made")
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    before = provider.order("calls")["TaskExecStart"]
    provider.order("fault", rpc="TaskExecStart", status="PERMISSION_DENIED", times=2)
    go(provider)
    assert end_of(client, task_id, WAIT_S).state is TaskState.COMPLETED
    assert (cloud.paths.workspaces / task_id / "made").read_text() == "made\n"
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    assert provider.order("calls")["TaskExecStart"] == before + 4
    assert len(warnings(cloud)) == 1


def test_what_fails_until_the_sandbox_leaves_is_told_before(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nlinger_s = 8\n")
    task_id = create(cloud, f"{GO} exit 7")
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    provider.order("fault", rpc="TaskExecStart", status="PERMISSION_DENIED", times=1000)
    go(provider)
    ended_without(cloud, client, provider, task_id, "E503")


@pytest.mark.long
def test_a_download_that_takes_longer_than_its_sandbox_stays_comes_to_its_end(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nlinger_s = 8\n")
    task_id = create(cloud, f"{GO} head -c 4M /dev/urandom > large")
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    provider.order("slow", bytes_s=256 << 10)
    go(provider)
    began = time.monotonic()
    assert end_of(client, task_id, WAIT_S).reason == "exit code 0"
    assert time.monotonic() - began > 8
    assert (cloud.paths.workspaces / task_id / "large").stat().st_size == 4 << 20
    assert warnings(cloud) == []


@pytest.mark.long
def test_what_is_on_its_way_home_is_not_silent(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    """Its supervisor is gone and its end is told last; taken for dead, it would be ended before its work is here."""
    configure(tmp_path, "[health]\nheartbeat_s = 1\n")
    task_id = create(cloud, f"{GO} echo made > made")
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    # Pauses of 1, 2, 4 and 8 s, where ten heartbeats are 10.
    provider.order("fault", rpc="TaskExecStart", status="PERMISSION_DENIED", times=4)
    go(provider)
    assert end_of(client, task_id, WAIT_S).state is TaskState.COMPLETED
    assert (cloud.paths.workspaces / task_id / "made").read_text() == "made\n"
    assert "container.dead" not in types_of(client, task_id=task_id)


@pytest.mark.long
def test_an_end_that_was_told_outlives_a_sandbox_that_is_gone_before_its_results_came(
    cloud: Product, client: Client, provider: Provider
) -> None:
    task_id = create(cloud, f"{GO} exit 7")
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    provider.order("fault", rpc="TaskExecStart", status="PERMISSION_DENIED", times=1000)
    go(provider)
    wait_until(lambda: warnings(cloud), WAIT_S)
    provider.order("vanish", id=provider.sandboxes()[0]["id"])
    cloud.json("reconciler", "run")
    ended_without(cloud, client, provider, task_id, "E503")


@pytest.mark.long
def test_what_was_here_before_does_not_pass_for_an_end_whose_results_did_not_come(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nresults_mb = 1\nlinger_s = 8\n")
    demo = (
        "--mode",
        "empty",
        "--agent",
        "demo",
        "--option",
        "pace=0",
        "--option",
        "ask=always",
        "merge intervals",
    )
    here, there = (
        str(cloud.json("task", "create", "--backend", name, *demo)["id"]) for name in ("local", "modal")
    )
    for each in (here, there):
        reach(client, each, TaskState.WAITING, deadline_s=WAIT_S)
    Path(provider.sandboxes()[0]["root"], "workspace", "large").write_bytes(os.urandom(3 << 20))
    cloud.json("task", "cancel", there)
    end_of(client, there, WAIT_S)
    assert len(warnings(cloud)) == 1
    # The end of the other one is later, and is kept.
    cloud.json("task", "cancel", here)
    wait_until(lambda: client.checkpoints.of(client.task(here)), WAIT_S)
    assert client.checkpoints.of(client.task(there)) == []
