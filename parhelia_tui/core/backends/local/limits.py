"""By which means this machine can keep a container's limits: control groups, else resource limits."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.model.records import Limits
from parhelia_tui.core.shim.limits import NOT_KEPT
from parhelia_tui.core.shim.spec import Limit
from parhelia_tui.core.shim.tree import Namespace

PERIOD_US = 100_000
"""Length of a period of the cpu controller, in microseconds; the kernel's own default."""
_LEAST_QUOTA_US = 1000
_PER_NAMESPACE_SINCE = (5, 14)
"""From this kernel on RLIMIT_NPROC counts within a user namespace (user_namespaces(7), getrlimit(2))."""


@dataclass(frozen=True, slots=True)
class Group:
    """A control group in which groups of containers can be made.

    Args:
        path: where.
        version: 1 or 2 (cgroups(7)).
    """

    path: Path
    version: int


def means(container_id: str, limits: Limits, *, isolated: bool, groups: Mapping[str, Group]) -> list[Limit]:
    """Give for each limit the means to keep it, the best first.

    Args:
        groups: by controller (`memory`, `pids`, `cpu`), where a group can be made; from `usable_groups`.
    """
    found: list[Limit] = []
    if limits.memory_mb is not None:
        memory = str(limits.memory_mb << 20)
        v1 = {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory}
        found += _group(
            groups, container_id, "memory", "memory", v1, {"memory.max": memory, "memory.swap.max": "0"}
        )
        found.append(Limit("memory", "rlimit, for each process", rlimits=[f"--as={memory}"]))
    if limits.pids is not None:
        count = {"pids.max": str(limits.pids + (Namespace.overhead if isolated else 0))}
        found += _group(groups, container_id, "pids", "pids", count, count)
        if isolated and os.geteuid() != 0 and _kernel() >= _PER_NAMESPACE_SINCE:
            found.append(Limit("pids", "rlimit", rlimits=[f"--nproc={limits.pids}"]))
        else:
            # Last, so that it is said where the group cannot be made.
            found.append(Limit("pids", NOT_KEPT))
    if limits.cpus is not None:
        quota = str(max(_LEAST_QUOTA_US, int(limits.cpus * PERIOD_US)))
        v1 = {"cpu.cfs_quota_us": quota, "cpu.cfs_period_us": str(PERIOD_US)}
        found += _group(groups, container_id, "cpu", "cpus", v1, {"cpu.max": f"{quota} {PERIOD_US}"})
        chosen = processors(container_id, limits.cpus, sorted(os.sched_getaffinity(0)))
        found.append(Limit("cpus", f"affinity, {len(chosen)} processors", processors=chosen))
    return found


def processors(container_id: str, cpus: float, allowed: Sequence[int]) -> list[int]:
    """Choose whole processors for a container, each container others."""
    count = min(len(allowed), max(1, math.ceil(cpus)))
    first = zlib.crc32(container_id.encode())
    return sorted(allowed[(first + number) % len(allowed)] for number in range(count))


def _group(
    groups: Mapping[str, Group],
    container_id: str,
    controller: str,
    name: str,
    v1: dict[str, str],
    v2: dict[str, str],
) -> list[Limit]:
    base = groups.get(controller)
    if base is None:
        return []
    path = str(_group_of(base, container_id))
    return [Limit(name, f"cgroup v{base.version}", path, v1 if base.version == 1 else v2)]


def _group_of(base: Group, container_id: str) -> Path:
    return base.path / f"parhelia-{container_id}"


def groups_of(container_id: str) -> list[Path]:
    """The control groups that a container has, or left behind."""
    paths = {_group_of(base, container_id) for base in usable_groups().values()}
    return sorted(path for path in paths if path.is_dir())


def usable_groups(
    mounts: Path = Path("/proc/self/mountinfo"), own: Path = Path("/proc/self/cgroup")
) -> dict[str, Group]:
    """Find for each controller a group in which we may make others, as near to our own as can be.

    Args:
        mounts, own: as proc(5) and cgroups(7) describe them.
    """
    places = own_places(own.read_text())
    found: dict[str, Group] = {}
    for controllers, version, root in mounted(mounts.read_text()):
        if version == 1:
            for controller in controllers & {"memory", "pids", "cpu"}:
                path = _below(root, places.get(controller, "/"))
                if os.access(path, os.W_OK):
                    found.setdefault(controller, Group(path, 1))
        else:
            for controller in ("memory", "pids", "cpu"):
                parent = _delegated(root, places.get("", "/"), controller)
                if parent is not None:
                    found.setdefault(controller, Group(parent, 2))
    return found


def own_places(text: str) -> dict[str, str]:
    """Read /proc/self/cgroup: our group by controller; the unified hierarchy's under an empty name."""
    places: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            places[controller] = path
    return places


def mounted(text: str) -> list[tuple[set[str], int, Path]]:
    """Read /proc/self/mountinfo: each mounted hierarchy with its controllers, version and place."""
    found: list[tuple[set[str], int, Path]] = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        words = after.split()
        if len(words) < 3 or words[0] not in ("cgroup", "cgroup2"):
            continue
        # White space in a path is written as \040 and the like.
        path = before.split()[4].encode().decode("unicode_escape")
        version = 2 if words[0] == "cgroup2" else 1
        found.append((set(words[2].split(",")), version, Path(path)))
    return found


def _below(root: Path, place: str) -> Path:
    path = root / place.strip("/")
    return path if path.is_dir() else root


def _delegated(root: Path, place: str, controller: str) -> Path | None:
    """Find the nearest group above ours that hands the controller on and lets us move processes.

    Our own cannot: a group that holds processes has no children with controllers (cgroups(7), "no internal
    processes"). Its cgroup.procs must be writable too, because a move crosses it.
    """
    own = _below(root, place)
    above = [path for path in (own, *own.parents) if path.is_relative_to(root)]
    for path in above[1:] or above:
        try:
            handed = (path / "cgroup.subtree_control").read_text().split()
        except OSError:
            continue
        if controller in handed and os.access(path, os.W_OK) and os.access(path / "cgroup.procs", os.W_OK):
            return path
    return None


def _kernel() -> tuple[int, ...]:
    return tuple(int(word) for word in os.uname().release.split("-")[0].split(".")[:2] if word.isdigit())
