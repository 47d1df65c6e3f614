"""The limits of a container, kept by the best means that works."""

from __future__ import annotations

import time

from parhelia_tui.core.shim import cgroups, system
from parhelia_tui.core.shim.spec import Limit

NOT_KEPT = "not kept"
_REMOVE_TRIES = 100
_REMOVE_PAUSE_S = 0.005


class Kept:
    """The limits that are kept, and by which means.

    Args:
        wanted: for each limit its means, the best first.
    """

    def __init__(self, wanted: list[Limit]) -> None:
        self.how: dict[str, str] = {}
        self.groups: list[str] = []
        self.rlimits: list[str] = []
        self.processors: list[int] = []
        for limit in wanted:
            if self.how.get(limit.name, NOT_KEPT) == NOT_KEPT:
                self.how[limit.name] = self._keep(limit)

    def before(self, command: list[str]) -> list[str]:
        """Give the command with what has to stand before it."""
        return ["prlimit", *self.rlimits, "--", *command] if self.rlimits else command

    def enter(self) -> None:
        """Put this process under the limits."""
        for group in self.groups:
            cgroups.join(group)
        if self.processors:
            system.sched_setaffinity(0, self.processors)

    def kill(self) -> None:
        """Kill all that is in the container's groups."""
        for group in self.groups:
            cgroups.kill(group)

    def remove(self) -> None:
        """Remove the groups, which the kernel takes a moment to empty; a busy one is left to the backend."""
        left = list(self.groups)
        for _ in range(_REMOVE_TRIES):
            left = [group for group in left if not cgroups.remove(group)]
            if not left:
                return
            time.sleep(_REMOVE_PAUSE_S)

    def ran_out_of_memory(self) -> bool:
        """Say whether the kernel killed a process because of the memory limit."""
        for group in self.groups:
            for name in ("memory.events", "memory.oom_control"):
                if cgroups.word(group, name, "oom_kill"):
                    return True
        return False

    def _keep(self, limit: Limit) -> str:
        if limit.group:
            try:
                cgroups.make(limit.group, limit.files)
            except OSError:
                return NOT_KEPT
            if limit.group not in self.groups:
                self.groups.append(limit.group)
        self.rlimits += limit.rlimits
        self.processors += limit.processors
        return limit.how
