"""Silence that ends a container: only where somebody saw it, until a heartbeat comes, and so that work goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import ContainerState, Health, TaskState
from parhelia_tui.core.shim.processes import stat_fields
from parhelia_tui.core.store import containers
from parhelia_tui.core.store.connection import connect, writing
from tests.support.fleet import (
    RELEASE,
    configure,
    container_of,
    create,
    end_of,
    event,
    kill_controller,
    reach,
    shim_pid,
    types_of,
)
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

DEMO: dict[str, Any] = {"agent": "demo", "agent_options": {"seed": 5, "pace": 0, "ask": "always", "turns": 5}}
"""Waits for an answer, and keeps a talk."""


@contextmanager
def stopped(product: Product, container_id: str) -> Iterator[None]:
    """Let a supervisor stand still."""
    pid = shim_pid(product, container_id)
    # tmux wakes a pane's process that was stopped, so it is stopped first.
    both = (int(stat_fields(pid)[1]), pid)
    try:
        for each in both:
            os.kill(each, signal.SIGSTOP)
        yield
    finally:
        for each in both:
            os.kill(each, signal.SIGCONT)


def give_up(product: Product, container_id: str) -> None:
    """Store what the controller stores of a container that was silent for too long."""
    with closing(connect(product.paths.database)) as db, writing(db) as tx:
        container = containers.get(tx, container_id)
        containers.update(
            tx, container, health=Health.DEAD, wanted="recover", reason="no heartbeat for 146 s"
        )


def test_a_heartbeat_takes_back_what_nobody_has_begun(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[health]\nheartbeat_s = 0.2\n")
    task = create(client, RELEASE, place)
    reach(client, task.id, TaskState.RUNNING)
    container = container_of(client, task.id)
    kill_controller(product)
    give_up(product, container.id)
    client.ensure_controller()
    event(client, "container.recovered", container_id=container.id)
    found = client.container(container.id)
    assert (found.wanted, found.reason, found.state) == ("run", "", ContainerState.RUNNING)
    (place / "go").touch()
    assert end_of(client, task.id).state is TaskState.COMPLETED
    assert "container.stopping" not in types_of(client, container_id=container.id)


def test_what_is_ended_for_its_silence_goes_on_from_its_checkpoint(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    # No heartbeat comes between.
    configure(tmp_path, "[health]\nheartbeat_s = 300\n")
    task = create(client, "merge intervals", place, **DEMO)
    reach(client, task.id, TaskState.WAITING)
    container = container_of(client, task.id)
    wait_until(lambda: client.container(container.id).health is Health.HEALTHY, 20)
    made = product.json("checkpoint", "create", task.id)
    give_up(product, container.id)
    client.ensure_controller()
    told = event(client, "task.recovering", task_id=task.id)
    assert told.data["checkpoint_id"] == made["id"]
    ended = client.container(container.id)
    # It has told of its end itself, and that was no end of its work.
    assert (ended.state, ended.exit_code is None) == (ContainerState.TERMINATED, False)
    reach(client, task.id, TaskState.WAITING)
    assert client.task(task.id).attempt == 2
    assert "task.needs_review" not in types_of(client, task_id=task.id)
    client.cancel_task(task.id)
    end_of(client, task.id)


def test_a_silence_that_nobody_looked_at_ends_nothing(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nhealth_s = 0.1\n[health]\nheartbeat_s = 1\n")
    task = create(client, "merge intervals", place, **DEMO)
    reach(client, task.id, TaskState.WAITING)
    product.json("checkpoint", "create", task.id)
    container = container_of(client, task.id)
    wait_until(lambda: client.container(container.id).health is Health.HEALTHY, 20)
    with stopped(product, container.id):
        kill_controller(product)
        with closing(sqlite3.connect(product.paths.database)) as db, db:
            db.execute("UPDATE containers SET last_heartbeat_at = last_heartbeat_at - 3600")
        client.ensure_controller()
        event(client, "container.unhealthy", container_id=container.id)
    event(client, "container.recovered", container_id=container.id)
    assert client.container(container.id).wanted == "run"
    assert client.task(task.id).attempt == 1
    assert "container.dead" not in types_of(client, container_id=container.id)
    client.cancel_task(task.id)
    end_of(client, task.id)
