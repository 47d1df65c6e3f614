"""The loop that holds one container: its terminal, its records, its end."""

import errno
import json
import os
import selectors
import signal
import time
from collections.abc import Callable

from parhelia_tui.core.shim import child, processes, terminal
from parhelia_tui.core.shim import spec as form
from parhelia_tui.core.shim.output import Output
from parhelia_tui.core.shim.reporters import Reporters
from parhelia_tui.core.shim.requests import Requests
from parhelia_tui.core.shim.spool import Spool

DRAIN_S = 0.5
"""How long output is still read after the last process that matters has ended."""


class Supervisor:
    """Runs one container from its start to its exit record.

    Args:
        directory: the run directory, the working directory of this process.
        spec: the content of spec.json.
        spool: where records go.
    """

    def __init__(self, directory: str, spec: dict, spool: Spool) -> None:  # type: ignore[type-arg]
        self.spec = spec
        self.spool = spool
        self.output = Output(form.LOG)
        self.selector = selectors.DefaultSelector()
        self.master, self._slave = os.openpty()
        os.set_blocking(self.master, False)
        rows, columns = terminal.size_of(0) or (spec["rows"], spec["columns"])
        terminal.set_size(self.master, rows, columns)
        self._to_agent = terminal.Pipe(self.master)
        self._pane: terminal.Pipe | None = None
        self._status_read, self._status_write = os.pipe()
        self._status = b""
        self._child = 0
        self._first = 0
        self._exit_status: int | None = None
        self._started_at: float | None = None
        self._reason = "exited"
        self._detail = ""
        self._kill_at: float | None = None
        self._busy = (time.monotonic(), 0.0)
        self._began = time.monotonic()
        self._next_beat = 0.0
        self._reporters = Reporters(self, os.path.join(form.AGENT_DIRECTORY, form.AGENT_SOCKET))
        self._requests = Requests(self, spec["shim_socket"])

    def run(self) -> None:
        """Start the container, hold it, and write how it ended."""
        self._catch_signals()
        self._take_pane()
        self._child = child.start(self.spec, self._slave, self._status_write)
        os.close(self._slave)
        os.close(self._status_write)
        self.watch(self.master, selectors.EVENT_READ, self._agent_prints)
        self.watch(self._status_read, selectors.EVENT_READ, self._read_status)
        if not self.spec["sandboxed"]:
            self._first_process_is(self._child)
        while self._exit_status is None:
            self._turn(self._patience())
        self._drain()
        self._finish()

    # What happens

    def watch(self, descriptor: int, events: int, act: Callable[[int], None]) -> None:
        """Call `act` with the events whenever a descriptor is ready; 0 events stops that."""
        known = descriptor in self.selector.get_map()
        if events == 0:
            if known:
                self.selector.unregister(descriptor)
        elif known:
            self.selector.modify(descriptor, events, act)
        else:
            self.selector.register(descriptor, events, act)

    def type_in(self, data: bytes) -> None:
        """Give the agent's terminal what somebody typed."""
        self._to_agent.put(data)
        self._watch_master()

    def resize(self, rows: int, columns: int) -> None:
        """Give the agent's terminal a new size."""
        terminal.set_size(self.master, rows, columns)

    def end(self, reason: str, detail: str, grace_s: float) -> None:
        """Begin to end the container: ask its processes, then kill them when the grace is over."""
        if self._kill_at is not None:
            self._kill_at = min(self._kill_at, time.monotonic() + grace_s)
            return
        self._reason, self._detail = reason, detail
        self._kill_at = time.monotonic() + grace_s
        self.spool.write("ending", reason=detail or reason)
        # Those inside first in line: pid 1 of the container is bubblewrap's and only hands the end on.
        inside = [
            pid
            for pid in processes.descendants(self._root())
            if pid != self._first or not self.spec["sandboxed"]
        ]
        if not self.spec["sandboxed"]:
            inside.append(self._child)
        processes.send(inside, signal.SIGTERM)
        processes.send(inside, signal.SIGCONT)

    def status(self) -> dict:  # type: ignore[type-arg]
        """Tell about the container, for a request."""
        return {
            "pid": os.getpid(),
            "first_pid": self._first,
            "uptime_s": time.monotonic() - self._began,
            "output_bytes": self.output.total,
            "pane": self._pane is not None,
            "spool_lost": self.spool.lost,
        }

    # The loop

    def _patience(self) -> float:
        due = self._next_beat
        if self._kill_at is not None:
            due = min(due, self._kill_at)
        elif self.spec["lifetime_s"] is not None:
            due = min(due, self._began + self.spec["lifetime_s"])
        return max(0.0, due - time.monotonic())

    def _turn(self, wait_s: float) -> None:
        for key, events in self.selector.select(wait_s):
            if key.fd in self.selector.get_map():
                key.data(events)
        now = time.monotonic()
        if self._kill_at is not None and now >= self._kill_at:
            self._kill()
            self._kill_at = now + 0.1
        lifetime = self.spec["lifetime_s"]
        if self._kill_at is None and lifetime is not None and now - self._began >= lifetime:
            self.end("lifetime", f"its lifetime of {lifetime:g} s is over", self.spec["grace_s"])
        if now >= self._next_beat and self._first:
            self._beat(now)
        elif now >= self._next_beat:
            self._next_beat = now + 1.0

    def _catch_signals(self) -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTSTP):
            signal.signal(number, signal.SIG_IGN)
        wakeup_read, wakeup_write = os.pipe()
        os.set_blocking(wakeup_read, False)
        os.set_blocking(wakeup_write, False)
        signal.set_wakeup_fd(wakeup_write, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGWINCH, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        self.watch(wakeup_read, selectors.EVENT_READ, lambda _: self._signalled(wakeup_read))

    def _signalled(self, descriptor: int) -> None:
        came = set(os.read(descriptor, 512))
        if signal.SIGCHLD in came:
            self._reap()
        if signal.SIGWINCH in came and self._pane is not None:
            size = terminal.size_of(0)
            if size:
                self.resize(*size)
        if signal.SIGTERM in came:
            self.end("terminated", "the supervisor was asked to end", self.spec["grace_s"])

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._child:
                self._exit_status = status

    # The two ends of the terminal

    def _take_pane(self) -> None:
        if terminal.make_raw(0) is None:
            return
        os.set_blocking(0, False)
        # Standard input and output are one terminal; what is read and written goes through the same number.
        self._pane = terminal.Pipe(0)
        self.watch(0, selectors.EVENT_READ, self._pane_ready)

    def _pane_ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE and self._pane is not None and not self._pane.flush():
            self._lose_pane()
            return
        if events & selectors.EVENT_READ:
            try:
                data = os.read(0, terminal.CHUNK)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._lose_pane()
                return
            self.type_in(data)
        self._watch_pane()

    def _lose_pane(self) -> None:
        if self._pane is None:
            return
        self.watch(0, 0, self._pane_ready)
        self._pane = None
        self._watch_master()
        self.spool.write("terminal_lost")

    def _agent_prints(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._to_agent.flush()
        if events & selectors.EVENT_READ:
            self._read_master()
        self._watch_master()

    def _read_master(self) -> bool:
        """Take what the agent printed; False when nothing more will come."""
        try:
            data = os.read(self.master, terminal.CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            # Every process that had the terminal open is gone; the exit is told by SIGCHLD.
            self.watch(self.master, 0, self._agent_prints)
            return False
        if not self.output.total:
            self.spool.write("first_output", mono=time.monotonic())
        self.output.take(data)
        if self._pane is not None:
            if self._pane.put(data):
                self._watch_pane()
            else:
                self._lose_pane()
        self._requests.show(data)
        return True

    def _watch_pane(self) -> None:
        if self._pane is not None:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._pane.waiting else 0)
            self.watch(0, wanted, self._pane_ready)
            self._watch_master()

    def _watch_master(self) -> None:
        if self.master not in self.selector.get_map():
            return
        # A pane that cannot follow slows the agent down, as every terminal does; it never holds up this loop.
        full = self._pane is not None and self._pane.full
        wanted = (0 if full else selectors.EVENT_READ) | (
            selectors.EVENT_WRITE if self._to_agent.waiting else 0
        )
        self.watch(self.master, wanted or selectors.EVENT_WRITE, self._agent_prints)

    # The container's life

    def _read_status(self, events: int) -> None:
        data = os.read(self._status_read, 4096)
        if not data:
            self.watch(self._status_read, 0, self._read_status)
            return
        self._status += data
        for said in self._status_words():
            if "child-pid" in said and not self._first:
                self._first_process_is(int(said["child-pid"]))

    def _status_words(self) -> list[dict]:  # type: ignore[type-arg]
        words = []
        for line in self._status.splitlines():
            try:
                words.append(json.loads(line))
            except ValueError:
                # Half a line; the rest comes with the next reading.
                continue
        return words

    def _first_process_is(self, pid: int) -> None:
        self._first = pid
        self._started_at = time.time()
        about = {
            "pid": os.getpid(),
            "start_time": processes.start_time(os.getpid()),
            "boot_id": processes.boot_id(),
            "first_pid": pid,
            "bwrap_pid": self._child,
        }
        try:
            form.write_whole(form.PID, json.dumps(about), durable=False)
        except OSError:
            self.spool.lost += 1
        self.spool.write("started", pid=pid, limits=self.spec["limits"])
        self._beat(time.monotonic())

    def _root(self) -> int:
        """The process below which everything of the container stands."""
        return self._child if self.spec["sandboxed"] else os.getpid()

    def _beat(self, now: float) -> None:
        pids = processes.descendants(self._root())
        seconds, memory = processes.usage(pids)
        since, before = self._busy
        passed = now - since
        percent = 100.0 * max(0.0, seconds - before) / passed if passed > 0.5 else None
        self._busy = (now, seconds)
        self._next_beat = now + self.spec["heartbeat_s"]
        inside = pids[1:] if self.spec["sandboxed"] else pids
        self.spool.write(
            "heartbeat",
            cpu_percent=None if percent is None else round(percent, 1),
            memory_bytes=memory,
            pids=len(inside),
            uptime_s=round(now - self._began, 1),
        )

    def _kill(self) -> None:
        if self.spec["sandboxed"]:
            # The end of pid 1 is the end of its namespace: the kernel kills the rest (pid_namespaces(7)).
            processes.send([self._first or self._child], signal.SIGKILL)
        else:
            processes.kill_all(os.getpid(), include_root=False)

    def _drain(self) -> None:
        """Read what was printed last, while any of it comes."""
        if not self.spec["sandboxed"]:
            processes.kill_all(os.getpid(), include_root=False)
        end = time.monotonic() + DRAIN_S
        os.set_blocking(self.master, False)
        while time.monotonic() < end and self._read_master():
            pass
        while self._pane is not None and self._pane.waiting and time.monotonic() < end:
            self._turn(0.01)

    def _finish(self) -> None:
        assert self._exit_status is not None
        code, number = _code_of(self._exit_status)
        reason, detail = self._reason, self._detail
        tail = self.output.tail()
        started = any("exit-code" in said for said in self._status_words()) or not self.spec["sandboxed"]
        if reason == "exited" and not started and number is None and code == 1:
            said = [line for line in tail if line.strip()]
            reason, detail = "start_failed", said[-1] if said else "bubblewrap ended before the command"
        if number is not None and reason == "exited":
            detail = f"killed by signal {number}"
        if self._reporters.dropped:
            self.spool.write("reports_dropped", count=self._reporters.dropped)
        record = {
            "exit_code": code,
            "signal": number,
            "reason": reason,
            "detail": detail,
            "at": time.time(),
            "started_at": self._started_at,
            "tail": tail,
            "output_bytes": self.output.total,
        }
        try:
            os.unlink(form.RESERVE)
        except OSError:
            # Its space was given away already, or it never was.
            pass
        form.write_whole(form.EXIT, json.dumps(record), durable=True)
        self.spool.write("exited", **record)
        self.spool.sync()
        self._requests.close()
        self._reporters.close()
        self._remove_groups()

    def _remove_groups(self) -> None:
        """Remove the container's control groups; the kernel takes a moment to empty them."""
        left = [os.path.dirname(path) for path in self.spec["join_groups"]]
        end = time.monotonic() + DRAIN_S
        while left and time.monotonic() < end:
            try:
                os.rmdir(left[-1])
                left.pop()
            except FileNotFoundError:
                left.pop()
            except OSError:
                time.sleep(0.005)


def _code_of(status: int) -> tuple[int, int | None]:
    """The exit code as a shell says it, and the signal that ended the process, if one did."""
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status), os.WTERMSIG(status)
    return os.WEXITSTATUS(status), None
