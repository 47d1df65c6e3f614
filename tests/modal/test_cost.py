"""What sandboxes cost: by the second, from a dated file, in the books."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from parhelia_tui.core.meter.sandboxes import RATES, sandbox_rates
from parhelia_tui.core.model.records import Limits
from tests.support.product import Product


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
