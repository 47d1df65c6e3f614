"""The processes of a container: who they are, how they are ended, when they are gone."""

from __future__ import annotations

import select

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import signals
from parhelia_tui.core.shim.processes import descendants, ignores, is_running, kill_tree, send_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Namespace:
    """The tree of an isolated container: bubblewrap's monitor, and its init with all of its pid namespace.

    Args:
        monitor: pid of the monitor, our child.
    """

    overhead = 2
    """Processes of bubblewrap itself: monitor and init."""

    def __init__(self, monitor: int) -> None:
        self._monitor = monitor
        self._init: int | None = None
        self.first_pid: int | None = None
        self.status: int | None = None

    def name_first(self, pid: int) -> bool:
        """Take note of the init; False when it has ended already."""
        try:
            self._init = system.pidfd_open(pid)
        except OSError:
            return False
        self.first_pid = pid
        return True

    @property
    def end_signal(self) -> int | None:
        """A descriptor that can be read when the whole namespace has ended.

        The kernel ends an init only after all of its namespace (pid_namespaces(7), pidfd_open(2)).
        """
        return self._init

    def own(self) -> list[int]:
        """The container's own processes."""
        return [] if self.first_pid is None else descendants(self.first_pid)

    def reap(self) -> bool:
        """Collect what has ended; True once the main process has, and `status` is known."""
        if self.status is None:
            pid, status = system.waitpid(self._monitor, system.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def kill(self) -> None:
        """Kill the init, and so every process of its namespace; before it is known, all below us."""
        if self._init is not None:
            try:
                signals.pidfd_send_signal(self._init, signals.SIGKILL)
            except ProcessLookupError:
                return
        elif self.status is None:
            # The init first: without its monitor it would wait for a word from it forever.
            send_all([*descendants(self._monitor), self._monitor], signals.SIGKILL)

    def is_gone(self) -> bool:
        """Say whether no process is left."""
        if self._init is None:
            return self.status is not None
        poll = select.poll()
        poll.register(self._init, select.POLLIN)
        return self.status is not None and bool(poll.poll(0))


class Family:
    """The tree of an unisolated container: all that descends from us, also what left its parent behind.

    Args:
        main: pid of the command, our child.
    """

    overhead = 0
    end_signal = None

    def __init__(self, main: int) -> None:
        self.first_pid: int | None = main
        self._main = main
        self.status: int | None = None
        self.spare: Callable[[], tuple[int, ...]] = tuple
        """Gives children of ours that are none of the container's."""

    def own(self) -> list[int]:
        """The container's own processes."""
        spared = self.spare()
        return [pid for pid in descendants(system.getpid()) if pid not in spared]

    def reap(self) -> bool:
        """Collect what has ended; True once the main process has, and `status` is known."""
        while True:
            try:
                pid, status = system.waitpid(-1, system.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if pid == self._main:
                self.status = status
        return self.status is not None

    def kill(self) -> None:
        """Kill every process below us."""
        kill_tree(system.getpid(), self.spare())
        self.reap()

    def is_gone(self) -> bool:
        """Say whether no process is left."""
        self.reap()
        return self.status is not None and not any(map(is_running, self.own()))


def ask_to_end(pids: list[int]) -> None:
    """Ask processes to end, also those that are stopped.

    Shells ignore SIGTERM at a prompt but end when their terminal hangs up. Nobody else gets a SIGHUP: it would
    end at once who catches SIGTERM alone and tidies up.
    """
    deaf = [pid for pid in pids if ignores(pid, signals.SIGTERM)]
    send_all(pids, signals.SIGTERM)
    send_all(deaf, signals.SIGHUP)
    send_all(pids, signals.SIGCONT)
