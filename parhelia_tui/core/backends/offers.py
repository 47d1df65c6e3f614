"""What the backends give to a task that leaves the choice to us, and how much of it is free."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.backends.modal.probe import has_account
from parhelia_tui.core.meter.sandboxes import sandbox_rates
from parhelia_tui.core.model import mounting
from parhelia_tui.core.model.placement import Needs, Offer
from parhelia_tui.core.model.records import Container, Limits, Task
from parhelia_tui.core.settings.config import Config

_UNBOUNDED = 1 << 40


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine has; memory in MiB."""

    cores: float
    memory_mb: int
    free_memory_mb: int


def machine() -> Machine:
    """Look at this machine: the processors that this process may use, and /proc/meminfo (proc(5))."""
    found: dict[str, int] = {}
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, value = line.partition(":")
            found[name] = int(value.split()[0]) >> 10
    except (OSError, ValueError, IndexError):
        # Where it does not say, nobody is refused for it.
        found.setdefault("MemTotal", _UNBOUNDED)
    total = found.get("MemTotal", _UNBOUNDED)
    return Machine(len(os.sched_getaffinity(0)), total, found.get("MemAvailable", total))


def needs_of(task: Task, lacks: Mapping[str, str]) -> Needs:
    """What a task asks of a backend.

    Args:
        lacks: what its agent lacks, by backend.
    """
    return Needs(
        task.limits,
        task.network,
        task.persistent,
        task.unsandboxed,
        live_files=not mounting.are_copies(task.mounts),
        image=bool(task.image),
        lacks=lacks,
    )


def offers(config: Config, live: Sequence[Container], here: Machine) -> list[Offer]:
    """Say what each backend gives, this machine first.

    Args:
        live: the containers that have not ended; what they may use is promised to them.
    """
    return [_local(config, [each for each in live if each.backend == "local"], here), _modal(config, live)]


def _local(config: Config, live: Sequence[Container], here: Machine) -> Offer:
    cores = config.local.cpus or here.cores
    memory = config.local.memory_mb or here.memory_mb
    promised = memory - sum(each.limits.memory_mb or 0 for each in live)
    return Offer(
        "local",
        keeps_systems=True,
        without_isolation=True,
        live_files=True,
        cores=cores,
        memory_mb=memory,
        places=_places(config.local.max_containers, len(live)),
        free_cores=cores - sum(each.limits.cpus or 0.0 for each in live),
        free_memory_mb=promised if config.local.memory_mb else min(promised, here.free_memory_mb),
    )


def _modal(config: Config, live: Sequence[Container]) -> Offer:
    rates = sandbox_rates("modal")
    assert rates is not None

    def second(limits: Limits) -> float | None:
        cost = rates.second(limits, cores_used=0.0, memory_used=0)
        return None if cost is None else float(cost)

    return Offer(
        "modal",
        unusable="" if has_account() else "has no token of this user (modal token new)",
        gpus={name: float(price) for name, price in rates.gpu.items()},
        regions=True,
        size=Limits(cpus=config.modal.cpus, memory_mb=config.modal.memory_mb),
        places=_places(config.modal.max_containers, sum(each.backend == "modal" for each in live)),
        second=second,
    )


def _places(most: int | None, taken: int) -> int | None:
    return None if most is None else most - taken
