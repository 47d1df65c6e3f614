"""Cleaning up while the provider does not say what runs there."""

from __future__ import annotations

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import container_of, create, end_of
from tests.support.modal_provider import Provider
from tests.support.product import Product

pytestmark = pytest.mark.real


def test_what_ended_here_goes_though_the_provider_cannot_be_listed(
    cloud: Product, provider: Provider
) -> None:
    client = Client(cloud.paths)
    there = create(client, "echo there", None, workspace_mode="empty", backend="modal")
    here = create(client, "echo here", None, workspace_mode="empty")
    assert [end_of(client, each.id, 60).state for each in (there, here)] == [TaskState.COMPLETED] * 2
    far, near = container_of(client, there.id).id, container_of(client, here.id).id
    provider.order("fault", rpc="SandboxList*", times=1000, status="UNAUTHENTICATED")
    for words in (("--dry-run",), ("--yes",)):
        done = cloud.json("cleanup", *words)
        assert done["removed"] == [near]
        assert list(done["kept"]) == [far]
        assert done["kept"][far].startswith("modal cannot be listed: ")
        assert "the account is not accepted" in done["kept"][far]
    assert cloud.paths.container(far).is_dir()
    assert not cloud.paths.container(near).exists()
    shown = cloud.run("cleanup", "--yes")
    assert (shown.returncode, f"kept {far}: modal cannot be listed" in shown.stdout) == (0, True)
    # Once it answers again, that goes too.
    provider.order("mend")
    assert cloud.json("cleanup", "--yes")["removed"] == [far]
