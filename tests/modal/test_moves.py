"""Work that began here goes on in a sandbox, and the other way round, with its files and its conversation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import container_of, end_of, event, reach, workspace
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 120.0
DEMO = (
    *("--agent", "demo", "--option", "seed=5", "--option", "pace=0"),
    *("--option", "ask=always", "--option", "turns=5"),
)


@pytest.fixture
def client(cloud: Product) -> Client:
    return Client(cloud.paths)


def kept_and_cancelled(cloud: Product, client: Client, task_id: str) -> str:
    """Take a checkpoint of an agent that waits, end it, and give the checkpoint's id."""
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    made = cloud.json("checkpoint", "create", task_id, timeout=WAIT_S)
    assert made["conversation"]
    client.cancel_task(task_id)
    end_of(client, task_id, WAIT_S)
    return str(made["id"])


def goes_on(client: Client, task_id: str) -> None:
    """Wait until the agent waits again, and see that it knows of its talk."""
    wait_until(lambda: client.task(task_id).container_id is not None, WAIT_S)
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    wait_until(lambda: any("go on where I was" in line for line in client.log_tail(task_id)), WAIT_S)


def test_a_conversation_goes_from_here_to_a_sandbox_and_back(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    place = workspace(tmp_path)
    (place / "file").write_text("of the directory")
    made = cloud.json("task", "create", "-w", str(place), *DEMO, "merge intervals")
    task_id = made["id"]
    checkpoint = kept_and_cancelled(cloud, client, task_id)
    (place / "stray").write_text("made afterwards")
    cloud.json("resume", task_id, "--from", checkpoint, "--backend", "modal")
    goes_on(client, task_id)
    assert container_of(client, task_id).backend == "modal"
    inside = Path(provider.sandboxes()[0]["root"]) / "workspace"
    assert (inside / "file").read_text() == "of the directory"
    assert not (inside / "stray").exists()
    assert "at modal instead of local" in event(client, "task.resume_requested", task_id=task_id).message
    # The directory of this machine is not what a sandbox works on.
    assert (place / "stray").exists()
    (inside / "there").write_text("of the sandbox")

    checkpoint = kept_and_cancelled(cloud, client, task_id)
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    cloud.json("resume", task_id, "--from", checkpoint, "--backend", "local")
    goes_on(client, task_id)
    assert container_of(client, task_id).backend == "local"
    here = cloud.paths.workspaces / task_id
    assert (here / "there").read_text() == "of the sandbox"
    # Until here nobody has answered it; now it makes what it was asked for.
    cloud.run("session", "send", task_id, "y")
    assert end_of(client, task_id, WAIT_S).state is TaskState.COMPLETED
    assert (here / "intervals" / "intervals.py").exists()
    # Each attempt says where it ran.
    page = cloud.run("task", "show", task_id).stdout
    rows = [line.split() for line in page.splitlines() if re.match(r"\d +c-", line)]
    assert [each[2] for each in rows] == ["local", "modal", "local"]
    assert [each["backend"] for each in cloud.json("task", "show", task_id)["attempts"]] == [
        "local",
        "modal",
        "local",
    ]

    forked = cloud.json("checkpoint", "restore", checkpoint, "--container", "--backend", "modal")
    goes_on(client, forked["id"])
    (sandbox,) = provider.sandboxes()
    assert (Path(sandbox["root"]) / "workspace" / "there").read_text() == "of the sandbox"


def test_a_backend_that_there_is_not_is_refused_before_anything_changes(
    cloud: Product, client: Client, tmp_path: Path
) -> None:
    made = cloud.json("task", "create", "-w", str(workspace(tmp_path)), "--agent", "shell", "sleep 600")
    reach(client, made["id"], TaskState.RUNNING, deadline_s=WAIT_S)
    checkpoint = cloud.json("checkpoint", "create", made["id"])["id"]
    client.cancel_task(made["id"])
    end_of(client, made["id"], WAIT_S)
    assert cloud.error("resume", made["id"], "--backend", "mars")[1]["code"] == "E603"
    assert (
        cloud.error("checkpoint", "restore", checkpoint, "--container", "--backend", "mars")[1]["code"]
        == "E603"
    )
    assert client.task(made["id"]).state is TaskState.CANCELLED
    assert (
        cloud.error("checkpoint", "restore", checkpoint, str(tmp_path / "x"), "--backend", "modal")[1]["code"]
        == "E102"
    )
