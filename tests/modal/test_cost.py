"""What sandboxes cost: by the second, from a dated file, in the books."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.meter.sandboxes import RATES, sandbox_rates
from parhelia_tui.core.model.records import Limits
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import configure, container_of, end_of, kill_controller, reach
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until


def second(limits: Limits, cores: float = 0.0, memory: int = 0) -> Decimal | None:
    """Price a second at Modal."""
    rates = sandbox_rates("modal")
    assert rates is not None
    return rates.second(limits, cores_used=cores, memory_used=memory)


def test_the_rates_are_dated_and_have_a_source() -> None:
    said = tomllib.loads(RATES.read_text())
    assert said["dated"].year >= 2026
    assert said["source"]


def test_a_second_costs_what_was_asked_for_or_what_was_used_whichever_is_more() -> None:
    asked = second(Limits(cpus=2, memory_mb=4096))
    assert asked == Decimal("0.00003942") * 2 + Decimal("0.00000667") * 4
    assert second(Limits(cpus=2, memory_mb=4096), cores=1.0, memory=1 << 30) == asked
    used = second(Limits(cpus=2, memory_mb=4096), cores=3.0, memory=8 << 30)
    assert used == Decimal("0.00003942") * 3 + Decimal("0.00000667") * 8


def test_gpus_count_each_and_an_unknown_one_has_no_price_rather_than_none() -> None:
    plain, two = second(Limits()), second(Limits(gpu="H100:2"))
    assert plain is not None
    assert two is not None
    assert two - plain == Decimal("0.001097") * 2
    assert second(Limits(gpu="Z9000")) is None
    assert sandbox_rates("local") is None


@pytest.mark.long
@pytest.mark.real
def test_a_task_at_a_provider_costs_its_seconds_and_one_here_costs_nothing(
    cloud: Product, tmp_path: Path
) -> None:
    where = ("--mode", "empty")
    assert cloud.run("run", "--backend", "modal", "--gpu", "T4", *where, "sleep 1").returncode == 0
    assert cloud.run("run", *where, "true").returncode == 0
    here, there = cloud.json("task", "list")
    assert here["cost_usd"] is None
    (container,) = [each for each in cloud.json("container", "list", "--all") if each["backend"] == "modal"]
    lasted_s = container["finished_at"] - container["created_at"]
    # A T4 and the least of a processor and of memory; what it used of them beyond that is little.
    assert 0.000164 * lasted_s < there["cost_usd"] < 0.0005 * lasted_s


@pytest.mark.long
@pytest.mark.real
@pytest.mark.parametrize("asked", ["nothing", "cancel"])
def test_a_sandbox_that_ended_while_nobody_looked_costs_no_longer_than_its_lease(
    cloud: Product, provider: Provider, tmp_path: Path, asked: str
) -> None:
    configure(tmp_path, "[modal]\nlease_s = 3\n")
    where = ("--backend", "modal", "--mode", "empty", "--agent", "shell", "--gpu", "T4")
    task_id = str(cloud.json("task", "create", *where, "sleep 600")["id"])
    client = Client(cloud.paths)
    reach(client, task_id, TaskState.RUNNING, deadline_s=60)
    container = container_of(client, task_id)
    wait_until(lambda: client.heartbeats(container.id), 20)
    kill_controller(cloud)
    wait_until(lambda: provider.sandboxes() == [], 60)
    with closing(sqlite3.connect(cloud.paths.database)) as db, db:
        # As if that had been ten hours ago.
        db.execute("UPDATE ledger SET at = at - 36000")
        db.execute(
            "UPDATE containers SET created_at = created_at - 36000, started_at = started_at - 36000,"
            " last_heartbeat_at = last_heartbeat_at - 36000"
        )
    if asked == "cancel":
        cloud.json("task", "cancel", task_id)
    cloud.json("controller", "start")
    ended = end_of(client, task_id, 60)
    beats = client.heartbeats(container.id)
    lasted_s = beats[-1].at - container.created_at + 3 + 120
    price = second(container.limits)
    assert price is not None
    assert ended.cost_usd == pytest.approx(float(price) * lasted_s, rel=0.1)
