"""A container that was brought to its sandbox goes on, whatever becomes of what it was brought by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parhelia_tui.core.backends.modal import records
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import configure, container_of, end_of, kill_controller, reach
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

WAIT_S = 60.0
COMMAND = "echo begun; until [ -e go ]; do sleep 0.1; done; echo made > made"


@pytest.fixture
def client(cloud: Product) -> Client:
    return Client(cloud.paths)


def create(cloud: Product, tmp_path: Path) -> str:
    """Create a task whose workspace is too large to go straight up."""
    configure(tmp_path, "[modal]\nworkspace_mb = 1\n")
    place = tmp_path / "project"
    place.mkdir()
    (place / "large").write_bytes(bytes(2 << 20))
    words = ("--backend", "modal", "-w", str(place), "--agent", "shell")
    return str(cloud.json("task", "create", *words, COMMAND)["id"])


def completed_once(cloud: Product, client: Client, provider: Provider, task_id: str) -> None:
    """Let its command end: its work comes home, and there was one container and one sandbox."""
    (sandbox,) = provider.sandboxes()
    Path(sandbox["root"], "workspace/go").write_text("")
    assert end_of(client, task_id, WAIT_S).state is TaskState.COMPLETED
    assert (cloud.paths.workspaces / task_id / "made").read_text() == "made\n"
    assert len(client.containers_of(task_id)) == len(provider.sandboxes(running=False)) == 1


def test_a_volume_that_cannot_be_cleared_fails_nothing(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    provider.order("fault", rpc="VolumeRemoveFile*", status="PERMISSION_DENIED", times=1000)
    task_id = create(cloud, tmp_path)
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    log = cloud.paths.home / "logs/controller.log"
    wait_until(lambda: "could not be cleared away" in log.read_text(), WAIT_S)
    completed_once(cloud, client, provider, task_id)


def test_a_controller_that_is_killed_while_the_volume_is_cleared_finds_its_container_again(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    provider.order("fault", rpc="VolumeRemoveFile*", latency_s=60.0, times=1000)
    task_id = create(cloud, tmp_path)
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    wait_until(lambda: any(each.startswith("VolumeRemoveFile") for each in provider.order("calls")), WAIT_S)
    kill_controller(cloud)
    provider.order("mend")
    cloud.json("controller", "start")
    completed_once(cloud, client, provider, task_id)


def test_a_container_with_a_mirror_has_begun_though_nobody_wrote_down_that_it_was_brought(
    cloud: Product, client: Client, provider: Provider, tmp_path: Path
) -> None:
    task_id = create(cloud, tmp_path)
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    kill_controller(cloud)
    place = cloud.paths.container(container_of(client, task_id).id) / records.RECORD
    place.write_text(json.dumps({**json.loads(place.read_text()), "object_id": "", "brought": False}))
    cloud.json("controller", "start")
    completed_once(cloud, client, provider, task_id)
