"""How much a container uses: from its control groups where there are some, else from its processes."""

from __future__ import annotations

import time

from parhelia_tui.core.shim import cgroups, system
from parhelia_tui.core.shim.processes import stat_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TICK_S = 1.0 / system.sysconf("SC_CLK_TCK")
_PAGE = system.sysconf("SC_PAGE_SIZE")


class Usage:
    """Takes one sample after the other.

    Args:
        groups: control groups of the container.
        overhead: how many of the processes in them are not the container's own.
    """

    def __init__(self, groups: list[str], overhead: int) -> None:
        self._groups = groups
        self._overhead = overhead
        self._last: tuple[float, float] | None = None

    def sample(self, own: Callable[[], list[int]]) -> dict[str, Any]:
        """Measure now.

        Args:
            own: gives the container's processes; asked only for what the groups do not tell.

        Returns:
            `cpu_percent` since the last sample (None at the first), `memory_bytes` and `pids`.
        """
        seconds, memory, count = self._from_groups()
        if None in (seconds, memory, count):
            pids = own()
            own_seconds, own_memory = _from_processes(pids)
            seconds = own_seconds if seconds is None else seconds
            memory = own_memory if memory is None else memory
            count = len(pids) if count is None else count
        return {"cpu_percent": self._percent(seconds), "memory_bytes": memory, "pids": count}

    def _percent(self, seconds: float | None) -> float | None:
        now = time.monotonic()
        before = self._last
        self._last = None if seconds is None else (now, seconds)
        if before is None or seconds is None or now <= before[0]:
            return None
        # Processes that end take their part out of the sum, so it may also fall.
        return round(max(0.0, 100.0 * (seconds - before[1]) / (now - before[0])), 1)

    def _from_groups(self) -> tuple[float | None, int | None, int | None]:
        seconds: float | None = None
        memory: int | None = None
        count: int | None = None
        for group in self._groups:
            spent = cgroups.number(group, "cpuacct.usage")
            if spent is not None:
                seconds = spent / 1e9
            spent = cgroups.word(group, "cpu.stat", "usage_usec")
            if spent is not None:
                seconds = spent / 1e6
            for name in ("memory.current", "memory.usage_in_bytes"):
                # A group counts what is touched after it was joined: at the very beginning that is nothing.
                memory = cgroups.number(group, name) or memory
            there = cgroups.number(group, "pids.current")
            if there is not None:
                count = max(0, there - self._overhead)
        return seconds, memory, count


def _from_processes(pids: list[int]) -> tuple[float, int]:
    """CPU seconds, with those of children that have ended, and resident bytes."""
    ticks = pages = 0
    for pid in pids:
        try:
            fields = stat_fields(pid)
        except OSError:
            continue
        # utime, stime, cutime, cstime; rss (proc_pid_stat(5)).
        ticks += sum(int(field) for field in fields[11:15])
        # The kernel adds them up in batches, so that a new process may be said to have none; it has one at least.
        pages += max(1, int(fields[21]))
    return ticks * _TICK_S, pages * _PAGE
