"""Heartbeats: what silence is called, and that it ends nothing by itself."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.control.context import Silence
from parhelia_tui.core.control.health import health_of, note_look
from parhelia_tui.core.model.states import ContainerState, Health, TaskState
from parhelia_tui.core.settings.config import HealthConfig
from parhelia_tui.core.shim.processes import stat_fields
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

FAST = "[controller]\nhealth_s = 0.05\n[health]\nheartbeat_s = {}\nstale_s = 2\n"


@pytest.mark.parametrize(
    ("silence_s", "health"),
    [
        (0.0, Health.HEALTHY),
        (19.9, Health.HEALTHY),
        (20.0, Health.DEGRADED),
        (49.9, Health.DEGRADED),
        (50.0, Health.UNHEALTHY),
        (99.9, Health.UNHEALTHY),
        (100.0, Health.DEAD),
        (1e9, Health.DEAD),
        # A clock that was set back.
        (-3600.0, Health.HEALTHY),
    ],
)
def test_two_five_and_ten_missed_heartbeats_make_the_states(silence_s: float, health: Health) -> None:
    assert health_of(silence_s, HealthConfig()) is health


def test_a_backend_that_is_late_with_each_answer_has_come_back_once() -> None:
    """Else no silence behind it would ever be judged."""
    context: Any = SimpleNamespace(silences={"c-1": Silence(seen_at=90.0)})
    back_at = []
    for at, answered, late in (
        (100.0, True, True), (106.0, True, True), (112.0, True, True),
        (118.0, False, True), (124.0, True, True), (130.0, True, False), (136.0, True, True),
    ):  # fmt: skip
        context.clock = iter([at]).__next__
        note_look(context, "c-1", answered=answered, late=late)
        back_at.append(context.silences["c-1"].back_at)
    assert back_at == [100.0, 100.0, 100.0, 100.0, 124.0, 124.0, 136.0]


@pytest.mark.long
@pytest.mark.real
def test_a_silent_supervisor_sinks_through_every_state_and_recovers(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, FAST.format(0.3))
    task = create(client, f"{RELEASE}; exit 7", place)
    reach(client, task.id, TaskState.RUNNING)
    container = container_of(client, task.id)
    wait_until(lambda: client.container(container.id).health is Health.HEALTHY, 20)
    pid = shim_pid(product, container.id)
    # tmux wakes a pane's process that was stopped, so it is stopped first.
    stopped = (int(stat_fields(pid)[1]), pid)
    seq = client.events(limit=1)[-1].seq
    try:
        for each in stopped:
            os.kill(each, signal.SIGSTOP)
        wait_until(lambda: client.container(container.id).health is Health.DEAD, 30)
        sunk = ("container.degraded", "container.unhealthy", "container.dead")
        told = client.events(types=sunk, after_seq=seq, container_id=container.id)
        assert [each.type for each in told] == list(sunk)
        assert [each.level for each in told] == ["warning", "error", "error"]
        assert all(each.message.startswith("no heartbeat for ") for each in told)
        # Silence is no evidence of an end: it is called dead, told of as stale, once, and left alone.
        for _ in range(2):
            assert product.json("reconciler", "run")["stale"] == [container.id]
        assert types_of(client, types=("container.stale",)) == ["container.stale"]
        assert client.container(container.id).state is ContainerState.RUNNING
        assert client.task(task.id).state is TaskState.RUNNING
    finally:
        for each in stopped:
            os.kill(each, signal.SIGCONT)
    recovered = event(client, "container.recovered")
    assert recovered.message == "heartbeats arrive again"
    wait_until(lambda: client.container(container.id).health is Health.HEALTHY, 20)
    (place / "go").touch()
    assert end_of(client, task.id).exit_code == 7
    assert client.container(container.id).health is Health.UNKNOWN


@pytest.mark.long
@pytest.mark.real
def test_heartbeats_of_a_time_without_a_controller_are_not_missed(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    # Two missed ones take longer than a busy machine holds up a supervisor that is well.
    configure(tmp_path, FAST.format(2))
    task = create(client, RELEASE, place)
    reach(client, task.id, TaskState.RUNNING)
    container = container_of(client, task.id)
    kill_controller(product)
    spool = product.paths.container(container.id) / "spool.jsonl"
    beats = spool.read_text().count('"heartbeat"')
    # Longer than it may be silent before it is called degraded.
    wait_until(lambda: spool.read_text().count('"heartbeat"') > beats + 3, 30)
    client.ensure_controller()
    wait_until(lambda: len(client.heartbeats(container.id)) > beats + 3, 20)
    assert client.container(container.id).health is Health.HEALTHY
    sunk = ("container.degraded", "container.unhealthy", "container.dead")
    assert types_of(client, types=sunk, container_id=container.id) == []
    (place / "go").touch()
    end_of(client, task.id)
