"""Keeping a container's limits with what this machine offers: control groups, else resource limits."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parhelia_tui.core.model.records import Limits

ROOT = Path("/sys/fs/cgroup")
OURS = "parhelia"
PERIOD_US = 100_000
"""Length of a period of the cpu controller, in microseconds; the kernel's own default."""


@dataclass(slots=True)
class Kept:
    """How the limits of one container are kept, in the words of the shim's spec.

    Args:
        how: by name of the limit, by which means.
    """

    join_groups: list[str] = field(default_factory=list)
    rlimits: list[tuple[int, int]] = field(default_factory=list)
    processors: list[int] | None = None
    how: dict[str, str] = field(default_factory=dict)


def keep(container_id: str, limits: Limits) -> Kept:
    """Prepare what keeps these limits; the container's first process joins it."""
    kept = Kept()
    if limits.memory_mb is not None:
        memory = limits.memory_mb << 20
        v1 = {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory}
        if not _group(kept, container_id, "memory", v1, {"memory.max": memory, "memory.swap.max": 0}):
            kept.rlimits.append((resource.RLIMIT_AS, memory))
            kept.how["memory"] = "address space of each process (rlimit)"
    if limits.pids is not None:
        wanted = {"pids.max": limits.pids}
        if not _group(kept, container_id, "pids", wanted, wanted):
            kept.rlimits.append((resource.RLIMIT_NPROC, limits.pids))
            kept.how["pids"] = "processes of the user (rlimit)"
    if limits.cpus is not None:
        quota = max(1000, int(limits.cpus * PERIOD_US))
        v1 = {"cpu.cfs_period_us": PERIOD_US, "cpu.cfs_quota_us": quota}
        if not _group(kept, container_id, "cpu", v1, {"cpu.max": f"{quota} {PERIOD_US}"}):
            allowed = sorted(os.sched_getaffinity(0))
            kept.processors = allowed[: max(1, round(limits.cpus))]
            kept.how["cpus"] = f"{len(kept.processors)} processors (affinity)"
    return kept


def _group(
    kept: Kept,
    container_id: str,
    controller: str,
    v1: Mapping[str, int],
    v2: Mapping[str, int | str],
) -> bool:
    """Make a control group that keeps one limit; False where this machine does not let us."""
    name = "cpus" if controller == "cpu" else controller
    for base, wanted, version in (
        (ROOT / controller / OURS, v1, "cgroup v1"),
        (ROOT / OURS, v2, "cgroup v2"),
    ):
        if not base.parent.is_dir() or (version == "cgroup v2" and not _delegated(controller)):
            continue
        group = base / container_id
        try:
            base.mkdir(exist_ok=True)
            if version == "cgroup v2":
                (base / "cgroup.subtree_control").write_text(f"+{controller}")
            group.mkdir(exist_ok=True)
            for file, value in wanted.items():
                # Some kernels count no swap; then memory alone is limited.
                if (group / file).exists():
                    (group / file).write_text(str(value))
        except OSError:
            continue
        procs = str(group / "cgroup.procs")
        if procs not in kept.join_groups:
            kept.join_groups.append(procs)
        kept.how[name] = version
        return True
    return False


def _delegated(controller: str) -> bool:
    """Whether the unified hierarchy is there and hands this controller on to us."""
    try:
        return controller in (ROOT / "cgroup.controllers").read_text().split() and os.access(ROOT, os.W_OK)
    except OSError:
        return False


def groups_of(container_id: str) -> list[Path]:
    """The control groups that a container has, or left behind."""
    candidates = [ROOT / each / OURS / container_id for each in ("memory", "pids", "cpu")]
    return [path for path in (*candidates, ROOT / OURS / container_id) if path.is_dir()]


def clear(container_id: str, deadline_s: float = 5.0) -> bool:
    """Kill what is left in a container's control groups and remove them; True when nothing is left."""
    end = time.monotonic() + deadline_s
    while groups := groups_of(container_id):
        for group in groups:
            with contextlib.suppress(OSError):
                for word in (group / "cgroup.procs").read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(word), signal.SIGKILL)
            with contextlib.suppress(OSError):
                group.rmdir()
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
