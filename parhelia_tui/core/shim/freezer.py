"""Holding the processes of a container still for a moment, so that a copy of its files is one moment's."""

from __future__ import annotations

import time

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import signals
from parhelia_tui.core.shim.loop import Loop
from parhelia_tui.core.shim.processes import send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_S = 600.0
"""Nobody may hold a container still for longer, whatever was asked for."""
_LOOKS = 20
_STOP_S = 0.5
"""How long a process may take to stop. One that waits for a disk cannot be stopped, but writes nothing new."""
_STOPPED = ("T", "t", "Z", "X")


class Freezer:
    """Stops processes and lets them go on.

    A parent stops before its children and goes on after them, so that no shell ever sees a child that was
    stopped (waitpid(2), WUNTRACED). What somebody had stopped before stays stopped.

    Args:
        loop: where the longest time is kept.
        own: gives the processes of the container, those nearest to the first one first.
    """

    def __init__(self, loop: Loop, own: Callable[[], list[int]]) -> None:
        self._loop = loop
        self._own = own
        self._holder: object | None = None
        self._kept = False
        self._frozen: list[int] = []

    def freeze(self, holder: object, most_s: float) -> int:
        """Hold everything still until `thaw`, or until `most_s` seconds are over.

        Args:
            holder: who asks; nobody else can hold or let go meanwhile.

        Returns:
            The number of processes that stand still.

        Raises:
            ValueError: somebody else holds them.
        """
        if self._holder is not None:
            raise ValueError("somebody else holds the container still")
        self._holder = holder
        self._loop.after("thaw", max(0.0, min(most_s, LONGEST_S)), lambda: self.thaw(holder))
        return self._stop()

    def keep(self) -> None:
        """Hold everything still until `release`, however long that is; others may hold it meanwhile too."""
        self._kept = True
        self._stop()

    def release(self) -> None:
        """Let everything go on that `keep` holds, unless somebody else holds it."""
        self._kept = False
        if self._holder is None:
            self._go()

    def thaw(self, holder: object) -> None:
        """Let them go on, if `holder` holds them."""
        if self._holder is not holder:
            return
        self._loop.cancel("thaw")
        self._holder = None
        if not self._kept:
            self._go()

    def _stop(self) -> int:
        quiet = 0
        for _ in range(_LOOKS):
            # Whoever was not yet stopped may have forked meanwhile, and a child whose parent ended during the
            # walk is missed by that walk: two in a row have to find nothing.
            known = set(self._frozen)
            fresh = [pid for pid in self._own() if pid not in known and not _stands(pid)]
            quiet = 0 if fresh else quiet + 1
            if quiet == 2:
                break
            for pid in fresh:
                if send(pid, signals.SIGSTOP):
                    self._frozen.append(pid)
            _wait_until_stopped(fresh)
        return len(self._frozen)

    def _go(self) -> None:
        alive = set(self._own())
        for pid in reversed(self._frozen):
            # A number may have been given to another process since.
            if pid in alive:
                send(pid, signals.SIGCONT)
        self._frozen = []


def _stands(pid: int) -> bool:
    """Say whether every thread of a process stands still."""
    try:
        return all(
            _state(f"/proc/{pid}/task/{thread}/stat") in _STOPPED
            for thread in system.listdir(f"/proc/{pid}/task")
        )
    except OSError:
        return True


def _state(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().rpartition(b")")[2][1:2].decode("ascii")
    except OSError:
        return "X"


def _wait_until_stopped(pids: list[int]) -> None:
    """Look until all stand; of a stop the kernel tells a parent alone, and the pause lasts as long as this does."""
    end = time.monotonic() + _STOP_S
    for pid in pids:
        while not _stands(pid) and time.monotonic() < end:
            time.sleep(0.0005)
