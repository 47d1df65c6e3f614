"""What a second of a sandbox costs."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from parhelia_tui.core.model.records import Limits

RATES = Path(__file__).with_name("sandboxes.toml")


@dataclass(frozen=True, slots=True)
class SandboxRates:
    """Rates of one provider, in USD for a second."""

    core: Decimal
    memory_gib: Decimal
    least_cores: float
    least_memory_mb: int
    gpu: dict[str, Decimal]

    def second(self, limits: Limits, *, cores_used: float, memory_used: int) -> Decimal | None:
        """Price a second: by what was asked for or used, whichever is more, as providers do.

        Args:
            memory_used: bytes.

        Returns:
            USD; None for a GPU whose price nobody knows, since an unknown cost is never 0.
        """
        cores = max(limits.cpus or self.least_cores, cores_used)
        memory_gib = max((limits.memory_mb or self.least_memory_mb) / 1024, memory_used / (1 << 30))
        usd = Decimal(repr(cores)) * self.core + Decimal(repr(memory_gib)) * self.memory_gib
        if limits.gpu is not None:
            kind, _, count = limits.gpu.lower().partition(":")
            if kind not in self.gpu:
                return None
            usd += self.gpu[kind] * int(count or 1)
        return usd


@functools.cache
def sandbox_rates(backend: str) -> SandboxRates | None:
    """Give the rates of a backend; None for one that costs nothing, as this machine."""
    said = tomllib.loads(RATES.read_text()).get(backend)
    if not isinstance(said, dict):
        return None
    return SandboxRates(
        core=Decimal(said["core"]),
        memory_gib=Decimal(said["memory_gib"]),
        least_cores=float(said["least_cores"]),
        least_memory_mb=int(said["least_memory_mb"]),
        gpu={name: Decimal(rate) for name, rate in said["gpu"].items()},
    )


def second_of(backend: str, limits: Limits) -> float | None:
    """Price a second of a place that does nothing, in USD; None for one that costs nothing or nobody knows the price of."""
    rates = sandbox_rates(backend)
    second = rates and rates.second(limits, cores_used=0.0, memory_used=0)
    return float(second) if second else None
