"""What screens and commands say of a container at a provider."""

from __future__ import annotations

from contextlib import closing

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.dashboard import dashboard
from tests.support.fleet import container_of, end_of, reach
from tests.support.modal_provider import Provider
from tests.support.product import Product

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 90.0
WHERE = ("task", "create", "--backend", "modal", "--mode", "empty", "--agent", "shell")


async def test_a_container_is_named_as_its_provider_names_it(cloud: Product, provider: Provider) -> None:
    client = Client(cloud.paths)
    task_id = str(cloud.json(*WHERE, "sleep 600")["id"])
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    container = container_of(client, task_id)
    (sandbox,) = provider.sandboxes()
    assert cloud.json("container", "show", container.id)["provider_id"] == sandbox["id"]
    page = cloud.run("container", "show", container.id).stdout
    assert f"its id there  {sandbox['id']}\n" in page
    with closing(Client(cloud.paths)) as door:
        async with dashboard(door, (80, 24)) as seen:
            await seen.wait(lambda: container.id in seen.home.fleet.containers)
            seen.home.open_about(None, container.id)
            await seen.wait_for(f"at modal it is {sandbox['id']}")
    client.cancel_task(task_id)
    end_of(client, task_id, WAIT_S)
    here = str(cloud.json("task", "create", "--mode", "empty", "true")["id"])
    end_of(client, here, WAIT_S)
    assert cloud.json("container", "show", container_of(client, here).id)["provider_id"] == ""
