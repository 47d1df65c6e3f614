"""A provider that does not answer for a while: its silence is no evidence, and what runs there goes on."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import Health, TaskState
from tests.support.fleet import configure, container_of, end_of, event, reach, types_of
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 90.0
UNHEALTHY_S = 45.0
"""Five heartbeats, and how long a judgement may take."""
OUTAGE_S = 75.0
"""Longer than a container may be silent before it counts as dead: ten heartbeats."""


def test_an_outage_that_passes_ends_nobody(cloud: Product, provider: Provider, tmp_path: Path) -> None:
    configure(tmp_path, "[health]\nheartbeat_s = 6\nstale_s = 40\n[controller]\nreconcile_s = 3\n")
    client = Client(cloud.paths)
    options = ("--option", "seed=5", "--option", "pace=0", "--option", "ask=always", "--option", "turns=5")
    where = ("--backend", "modal", "--mode", "empty", "--agent", "demo")
    task_id = str(cloud.json("task", "create", *where, *options, "merge intervals")["id"])
    reach(client, task_id, TaskState.WAITING, deadline_s=WAIT_S)
    cloud.json("checkpoint", "create", task_id)
    container = container_of(client, task_id)
    provider.halt(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        event(client, "container.degraded", container_id=container.id)
        # While each look at it waits for an answer.
        wait_until(lambda: client.container(container.id).health is Health.UNHEALTHY, UNHEALTHY_S)
        wait_until(lambda: time.monotonic() - begun > OUTAGE_S, OUTAGE_S + 10)
        seq = client.events(limit=1)[-1].seq
    finally:
        provider.halt(signal.SIGCONT)
    event(client, "container.recovered", container_id=container.id)
    beat = client.heartbeats(container.id)[-1].seq
    wait_until(lambda: client.heartbeats(container.id)[-1].seq > beat + 1, WAIT_S)
    # Nothing is said of a silence that is over.
    assert types_of(client, container_id=container.id, after_seq=seq) == ["container.recovered"]
    found = client.container(container.id)
    assert (found.wanted, found.state, found.health) == ("run", "running", "healthy")
    assert client.task(task_id).attempt == 1
    told = types_of(client, container_id=container.id)
    assert not {"container.dead", "container.stopping"} & set(told)
    client.cancel_task(task_id)
    end_of(client, task_id, WAIT_S)
