"""What a container is brought by stays nowhere, also where the container cannot be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from tests.support.fleet import configure, container_of, end_of, reach
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

WAIT_S = 60.0


def create(cloud: Product, tmp_path: Path, command: str = "true") -> str:
    """Create a task whose workspace goes by the volume."""
    configure(tmp_path, "[modal]\nworkspace_mb = 1\n")
    place = tmp_path / "project"
    place.mkdir()
    (place / "large").write_bytes(bytes(2 << 20))
    words = ("--backend", "modal", "-w", str(place), "--agent", "shell")
    return str(cloud.json("task", "create", *words, command)["id"])


def on_the_volume(provider: Provider) -> list[Path]:
    """The files of workspaces on the volume."""
    return [each for each in (provider.root / "volumes").rglob("workspaces/**/*") if each.is_file()]


def left_here(cloud: Product) -> list[str]:
    """What lies here and is for a sandbox that is still to be made."""
    names = ("cargo.tgz", "up.tgz", "host_key")
    return [each.name for each in cloud.paths.containers.rglob("*") if each.name in names]


@pytest.mark.parametrize("rpc", ["SandboxCreate*", "TaskExecStart"])
def test_nothing_stays_of_a_container_that_cannot_be_made(
    cloud: Product, provider: Provider, tmp_path: Path, rpc: str
) -> None:
    provider.order("fault", rpc=rpc, status="PERMISSION_DENIED", times=1000)
    task_id = create(cloud, tmp_path)
    ended = end_of(Client(cloud.paths), task_id, WAIT_S)
    assert "E503" in (ended.reason or "")
    assert provider.order("calls")["VolumePutFiles"] > 0
    assert on_the_volume(provider) == []
    assert left_here(cloud) == []
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


def test_nothing_stays_of_a_task_that_is_cancelled_while_its_sandbox_is_made(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    provider.order("fault", rpc="SandboxCreate*", latency_s=600.0)
    task_id = create(cloud, tmp_path)
    wait_until(lambda: provider.order("calls").get("SandboxCreateV2"), WAIT_S)
    assert on_the_volume(provider) != []
    cloud.json("task", "cancel", task_id)
    provider.order("mend")
    end_of(Client(cloud.paths), task_id, WAIT_S)
    wait_until(lambda: on_the_volume(provider) == [], WAIT_S)
    wait_until(lambda: left_here(cloud) == [], WAIT_S)


def test_what_could_not_be_cleared_away_goes_with_its_run_directory(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    provider.order("fault", rpc="VolumeRemoveFile*", status="PERMISSION_DENIED", times=1000)
    task_id = create(cloud, tmp_path)
    client = Client(cloud.paths)
    assert reach(client, task_id, *TASK_ENDED, deadline_s=WAIT_S).state is TaskState.COMPLETED
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    assert on_the_volume(provider) != []
    provider.order("mend")
    container_id = container_of(client, task_id).id
    cloud.json("cleanup", "--yes")
    wait_until(lambda: not cloud.paths.container(container_id).exists(), WAIT_S)
    assert on_the_volume(provider) == []
