"""The life of one container, from its start to its exit record."""

from __future__ import annotations

import gc
import time

from parhelia_tui.core.shim import exit_record, system
from parhelia_tui.core.shim.child import Child, start
from parhelia_tui.core.shim.lean import signals
from parhelia_tui.core.shim.limits import Kept
from parhelia_tui.core.shim.loop import READ, Loop
from parhelia_tui.core.shim.output import Output
from parhelia_tui.core.shim.pane import Pane
from parhelia_tui.core.shim.pid_file import PidFile
from parhelia_tui.core.shim.spec import Spec
from parhelia_tui.core.shim.spool import Spool, Wake
from parhelia_tui.core.shim.terminal import Terminal, open_terminal
from parhelia_tui.core.shim.tree import Family, Namespace, ask_to_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from parhelia_tui.core.shim.egress import Egress
    from parhelia_tui.core.shim.own_pane import OwnPane
    from parhelia_tui.core.shim.services import Services

OWN_GRACE_S = 5.0
"""Seconds between asking and killing where nobody said how long: at the end of the lifetime, on SIGTERM."""
AGAIN_S = 0.2


class Supervisor:
    """Runs one container. The working directory is the run directory.

    Args:
        spec: what to run.
        directory: the run directory.
        pane: the words that start a pane of tmux but for the program in it; none where we stand in one.

    Raises:
        FileExistsError: there was a shim here before.
        OSError: the disk is full, or the run directory cannot be used.
    """

    def __init__(self, spec: Spec, directory: str, pane: Sequence[str] = ()) -> None:
        self.spec = spec
        self.loop = Loop()
        self.spool = Spool(directory, Wake(spec.wake_socket, spec.container_id))
        self.output = Output(directory)
        self.kept = Kept(spec.limits)
        self.started_at: float | None = None
        self.reason = ""
        self._detail = ""
        self._directory = directory
        self._reserve = exit_record.reserve(directory)
        self._pid_file = PidFile(directory)
        self._born = time.monotonic()
        self._done = False
        self._is_held = False
        self._listen_to_signals()
        self._pane = Pane()
        self._pane_words = pane
        self._own_pane: OwnPane | None = None
        rows, columns = self._pane.size() or (spec.rows, spec.columns)
        master, self._slave = open_terminal(rows, columns)
        self.terminal = Terminal(self.loop, master, self.output, self._first_output, self._alone)
        self._services: Services | None = None
        self._child: Child | None = None
        self.tree: Namespace | Family | None = None
        self._egress: Egress | None = None
        self._orders: list[dict[str, Any]] = []

    def run(self) -> None:
        """Start the container and stay until nothing of it is left."""
        if not self.spec.launcher:
            # Its import costs 1 ms and memory; bubblewrap does as much by itself.
            from parhelia_tui.core.shim.kinship import adopt_orphans

            adopt_orphans()
            # No gate holds its command, which may look for our sockets at once.
            self._serve(Family.overhead)
        if self._pane_words:
            self._start_pane()
        child = self._child = start(self.spec, self._directory, self._slave, self.kept)
        system.close(self._slave)
        self._pid_file.add("child", child.pid)
        self._pane.attach(self.terminal)
        self.tree = Namespace(child.pid) if self.spec.launcher else Family(child.pid)
        if self._services is None:
            self._serve(Namespace.overhead)
        if child.info is None or child.gate is None:
            self._pid_file.add("first", child.pid)
            self._begin()
        else:
            # Bubblewrap's own words come in ten pieces; they are read together when its command is at the gate.
            self.loop.watch(child.gate, READ, self._at_the_gate)
        while not self._done:
            self.loop.turn()

    def give_up(self, error: BaseException) -> None:
        """End everything after an error of the shim itself, and record it."""
        self.reason = "start_failed" if self.started_at is None else "terminated"
        self._detail = f"the supervisor failed: {error!r}"
        if self.tree is not None:
            self.tree.kill()
        self.kept.kill()
        self._write_record()

    @property
    def uptime_s(self) -> float:
        """Seconds since the start."""
        return round(time.monotonic() - self._born, 3)

    @property
    def child(self) -> Child:
        """What was started."""
        assert self._child is not None
        return self._child

    @property
    def services(self) -> Services:
        """What answers and measures; there from before the command may start."""
        assert self._services is not None
        return self._services

    # --- the start

    def _serve(self, overhead: int) -> None:
        # Imported here: while these are loaded and their sockets made, bubblewrap is at its work.
        from parhelia_tui.core.shim.services import Services

        self._services = Services(self, overhead, self._report)

    def _listen_to_signals(self) -> None:
        reader, writer = system.pipe2(system.O_CLOEXEC | system.O_NONBLOCK)
        self._signals = reader
        signals.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signals.SIGCHLD, signals.SIGWINCH, signals.SIGTERM):
            signals.signal(number, _only_wake)
        # The pane's terminal may hang up at any time; that is no reason to end.
        for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU"):
            signals.signal(getattr(signals, name), signals.SIG_IGN)
        self.loop.watch(reader, READ, self._signalled)

    def _learn_first(self) -> None:
        """Read to its end what bubblewrap tells of itself: who its init is."""
        child = self.child
        while child.info is not None:
            pid = child.read_info()
            if pid is not None and isinstance(self.tree, Namespace) and self.tree.name_first(pid):
                self._pid_file.add("first", pid)

    def _at_the_gate(self) -> None:
        """The command waits for its start, or never will."""
        child = self.child
        if child.gate is not None:
            self.loop.forget(child.gate)
        self._learn_first()
        if self.tree is None or self.tree.first_pid is None or not child.somebody_waits() or self.reason:
            # Bubblewrap has ended, or somebody ended it while it was being started.
            child.shut_gate()
            return
        self._is_held = self._own_pane is not None and not self._own_pane.is_there
        if not self._is_held:
            self._begin()

    def _shut_gate(self) -> None:
        if self.child.gate is not None:
            self.loop.forget(self.child.gate)
            self.child.shut_gate()

    def _begin(self) -> None:
        """Let the command start, and record it first."""
        assert self.tree is not None
        if self.spec.egress is not None and not self._open_egress(self.spec.egress):
            return
        self.started_at = time.time()
        self._born = time.monotonic()
        # The first heartbeat follows at once and wakes the controller for both.
        self.spool.write("started", {"pid": self.tree.first_pid, "limits": self.kept.how}, tell=False)
        self.child.open_gate()
        if self.spec.lifetime_s is not None:
            self.loop.after("lifetime", self.spec.lifetime_s, self._outlived)
        self._beat()
        gc.enable()

    # --- a pane that we do not stand in

    def _start_pane(self) -> None:
        # Imported here: whoever stands in a pane needs none, and stays as small as it is.
        from parhelia_tui.core.shim.own_pane import OwnPane

        self._own_pane = OwnPane(
            self.loop,
            self._pane_words,
            self._directory,
            on_there=self._pane_is_there,
            on_size=self._pane.resized,
            on_failed=lambda why: self.end("start_failed", why, 0.0),
        )

    def _pane_is_there(self, terminal: int) -> None:
        self._pane.take(terminal)
        if self._is_held and not self.reason and self.tree is not None and self.tree.status is None:
            self._begin()

    # --- egress

    def order_egress(self, line: dict[str, Any]) -> None:
        """Say something to the egress process; before there is one, it is kept for it."""
        if self._egress is None:
            self._orders.append(line)
        else:
            self._egress.order(line)

    def _open_egress(self, wanted: dict[str, Any]) -> bool:
        """Start the egress process; without it the container must not begin."""
        # Imported here: most containers reach nothing, and their supervisors stay as small as they are.
        from parhelia_tui.core.shim.egress import Egress

        assert self.tree is not None
        assert self.tree.first_pid is not None
        try:
            egress = Egress(
                self.loop, wanted, self.tree.first_pid, self.services.requests.freezer, self._egress_says
            )
        except OSError as error:
            self.end("start_failed", f"its way out cannot be made: {error.strerror or error}", 0.0)
            return False
        if isinstance(self.tree, Family):
            self.tree.spare = lambda: (egress.pid,)
        for line in self._orders:
            egress.order(line)
        self._egress = egress
        return True

    def _egress_says(self, report: dict[str, Any]) -> None:
        self.spool.write("egress", {"report": report})

    # --- the life

    def _measured(self) -> list[int]:
        """The processes that count as the container; the one that begins it, until there is another."""
        assert self.tree is not None
        return self.tree.own() or ([] if self.tree.first_pid is None else [self.tree.first_pid])

    def _beat(self) -> None:
        assert self.tree is not None
        self.loop.after("heartbeat", self.spec.heartbeat_s, self._beat)
        fields: dict[str, Any] = self.services.usage.sample(self._measured)
        fields["uptime_s"] = self.uptime_s
        if self.services.reports.dropped:
            fields["reports_dropped"] = self.services.reports.dropped
        if self.spool.lost:
            fields["records_lost"] = self.spool.lost
        self.spool.write("heartbeat", fields)
        # Who reads the log of one that prints nothing more is to know of it too.
        self.output.tell_lost()

    def _first_output(self) -> None:
        self.spool.write("first_output", {"mono": time.monotonic()}, tell=False)

    def _alone(self) -> None:
        self.spool.write("terminal_lost", {})

    def _report(self, report: dict[str, Any]) -> None:
        self.spool.write("agent", {"report": report})

    def _signalled(self) -> None:
        for number in set(system.read(self._signals, 512)):
            if number == signals.SIGWINCH:
                self._pane.resized()
            elif number == signals.SIGCHLD:
                self._somebody_ended()
            elif number == signals.SIGTERM:
                self.end("terminated", "the supervisor was asked to end", OWN_GRACE_S)

    def _outlived(self) -> None:
        self.end("lifetime", f"its lifetime of {self.spec.lifetime_s:g} s is over", OWN_GRACE_S)

    # --- the end

    def end(self, reason: str, detail: str, grace_s: float) -> None:
        """Ask the container to end, and end it after the grace; a second call can only make it sooner."""
        if self.tree is None or self.tree.status is not None:
            return
        if not self.reason:
            self.reason, self._detail = reason, detail
            self.services.reports.asks.stand()
            self.spool.write("ending", {"reason": detail})
            ask_to_end(self.tree.own())
        # A command that waits at the gate ends by itself; a kill could catch bubblewrap at a bad moment.
        self._shut_gate()
        if grace_s <= 0 and self.started_at is not None:
            self._kill()
        elif not self.loop.sooner("kill", grace_s):
            self.loop.after("kill", max(grace_s, AGAIN_S), self._kill)

    def _kill(self) -> None:
        """Kill all, and come again while anything is left: what cannot be killed yet, what joined late."""
        assert self.tree is not None
        self.loop.after("kill", AGAIN_S, self._kill)
        self.tree.kill()
        self.kept.kill()
        self._finish_when_gone()

    def _somebody_ended(self) -> None:
        if self.tree is None or self.tree.status is not None or not self.tree.reap():
            return
        # The main process has ended, and all that it left behind ends with it.
        self.services.reports.asks.stand()
        self._learn_first()
        self._kill()
        if self.tree.end_signal is not None and not self._done:
            self.loop.watch(self.tree.end_signal, READ, self._finish_when_gone)

    def _finish_when_gone(self) -> None:
        assert self.tree is not None
        if self._done or not self.tree.is_gone():
            return
        if self.tree.end_signal is not None:
            self.loop.forget(self.tree.end_signal)
        self.terminal.drain()
        self.output.tell_lost()
        self.services.reports.drain()
        self.services.requests.sessions_end()
        if self._egress is not None and self.spec.egress and self.spec.egress.get("told"):
            self._egress.finish()
        self._write_record()
        self.kept.remove()
        self.services.close()
        self._done = True

    def _write_record(self) -> None:
        detail = self._detail
        if self.kept.ran_out_of_memory():
            detail = "; ".join(filter(None, (detail, "its memory limit was reached")))
        record = exit_record.record(
            None if self.tree is None else self.tree.status,
            self.started_at,
            self.reason,
            detail,
            self.output.tail(),
            self.output.total,
        )
        try:
            exit_record.finish(self._reserve, self._directory, record, self.output.shrink)
        except OSError:
            # The spool's last record may still find a place; without both the end has no code.
            self.spool.lost += 1
        self.spool.write("exited", record, tell=False)
        self.spool.close()


def _only_wake(number: int, frame: object) -> None:
    """The handler in Python; the number comes through the pipe."""
