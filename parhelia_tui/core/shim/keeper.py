"""The main process of a sandbox at a provider: waits for its container, keeps it, and ends what nobody pays for.

The container itself is run by an ordinary shim beside it. The terminal server runs in here too; only bytes leave.
The end of this process is the end of the sandbox.
"""

from __future__ import annotations

import os
import sys
import time

# What unpacks is named for its children: they are forks, and find it loaded.
from parhelia_tui.core.shim import elsewhere, freight, main, spec  # noqa: F401
from parhelia_tui.core.shim.caller import Call, NoShim
from parhelia_tui.core.shim.calls import Calls
from parhelia_tui.core.shim.lean import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

QUICK_S, SLOW_S = 0.005, 0.2
TERMINAL_EVERY_S = 2.0
GRACE_S = 5.0
FETCHED_S = 60.0
"""Seconds after the last word of a download after which it is taken for none; they come every 20 s at least."""
DOORS_AFTER_S = 0.3
"""Seconds after the start of a container at which its terminal server and the ssh server are started."""


def keep(directory: str, begin_s: float) -> int:
    """Stay until the container has ended and was fetched, or nobody is there who pays for it.

    Args:
        directory: the run directory, made here.
        begin_s: seconds within which the container has to be brought, or some more of it.

    Returns:
        0; 4 when nothing was brought in time.
    """
    born = time.monotonic()
    elsewhere.make(directory)
    calls = Calls(directory)
    # Who was here first is answered first, and unpacks while the rest is loaded.
    calls.serve(0.0)
    _load()
    if not _is_brought(directory, calls, begin_s):
        return 4
    keeper = _Keeper(directory, born, calls)
    keeper.run()
    return 0


def is_done_with(directory: str, end: float) -> bool:
    """Say whether nobody fetches any more what an ended container left.

    Args:
        directory: the run directory.
        end: until when it stays in any case, by the monotonic clock.
    """
    if os.path.exists(os.path.join(directory, elsewhere.TAKEN)):
        return True
    # A large download over a slow line may begin in time and take longer.
    return time.monotonic() > end and elsewhere.fetched_age(directory) > FETCHED_S


class _Keeper:
    """One container, its terminal server and its clocks."""

    def __init__(self, directory: str, born: float, calls: Calls) -> None:
        self._directory = directory
        self._calls = calls
        self._born = born
        self._spec = spec.load(directory)
        with open(os.path.join(directory, elsewhere.TERMS), encoding="ascii") as file:
            terms: dict[str, Any] = loads(file.read())
        self._lease_s = float(terms["lease_s"])
        self._linger_s = float(terms["linger_s"])
        # Of older terms, which a sandbox may have been brought by another version, there is none.
        self._ends_s = float(terms.get("ends_s") or "inf")
        self._terminal_at = self._door_at = 0.0
        self._door: _Process | None = None
        elsewhere.renew(directory)

    def run(self) -> None:
        """Start the shim and stay with it."""
        shim = _supervise(self._directory)
        told = False
        begun = time.monotonic()
        while not shim.has_ended():
            # Somebody waits for the first output; they need the processors for as long as it takes.
            if time.monotonic() - begun > DOORS_AFTER_S:
                self._see_to_terminal()
                self._see_to_door()
            if not told and self._lease_is_over():
                told = self._end("terminated", f"no controller has renewed its lease for {self._lease_s:g} s")
            elif not told and time.monotonic() - self._born > self._ends_s:
                told = self._end("expired", "the time of its sandbox is nearly over")
            elif told and self._lease_is_over(GRACE_S * 4):
                shim.kill()
            self._calls.serve(SLOW_S if self._terminal_at else QUICK_S)
        self._tmux("kill-server")
        # Imported here: nobody waits for it while the container begins.
        from parhelia_tui.core.shim import bereft

        bereft.settle(self._directory)
        end = time.monotonic() + self._linger_s
        while not is_done_with(self._directory, end) and not self._lease_is_over():
            self._calls.serve(SLOW_S)

    def _lease_is_over(self, beyond_s: float = 0.0) -> bool:
        return elsewhere.lease_age(self._directory) > self._lease_s + beyond_s

    def _end(self, kind: str, reason: str) -> bool:
        try:
            call = Call(self._spec.shim_socket)
            call.ask({"op": "terminate", "kind": kind, "reason": reason, "grace_s": GRACE_S})
            call.close()
        except NoShim:
            return False
        return True

    def _see_to_terminal(self) -> None:
        """Start the terminal server once the shim can be joined, and again should it die."""
        if time.monotonic() < self._terminal_at or not os.path.exists(self._spec.shim_socket):
            return
        self._terminal_at = time.monotonic() + TERMINAL_EVERY_S
        if self._tmux("has-session", "-t", f"={self._spec.session_name}") != 0:
            size = ("-x", str(self._spec.columns), "-y", str(self._spec.rows))
            name = self._spec.session_name
            self._tmux(
                "new-session", "-d", "-s", name, *size, "--", *elsewhere.words("join", self._directory)
            )

    def _see_to_door(self) -> None:
        """Start the ssh server, and again should it die, but not without pause."""
        config = os.path.join(self._directory, elsewhere.SSHD_CONFIG)
        if self._door is not None and not self._door.has_ended():
            return
        if time.monotonic() < self._door_at or not os.path.exists(config):
            return
        self._door_at = time.monotonic() + TERMINAL_EVERY_S
        folders = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin".split(":")
        programs = [os.path.join(each, "sshd") for each in folders]
        program = next((each for each in programs if os.access(each, os.X_OK)), None)
        if program is not None:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)
            nothing = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
            # It starts itself anew for each caller, so it is called by its whole path.
            words = [program, "-D", "-e", "-f", config]
            # A key of the account is none of its business.
            env = {name: value for name, value in os.environ.items() if name != elsewhere.KEY_VARIABLE}
            try:
                self._door = _Process(os.posix_spawn(program, words, env, file_actions=nothing))
            except OSError:
                # There is no process to be had now; it comes again.
                return

    def _tmux(self, *arguments: str) -> int:
        return elsewhere.tmux(self._directory, *arguments)


class _Process:
    """A child of ours."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = False

    def has_ended(self) -> bool:
        """Look whether it has, and take its status then."""
        if not self._ended:
            self._ended = os.waitpid(self._pid, os.WNOHANG)[0] == self._pid
        return self._ended

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        if not self.has_ended():
            os.kill(self._pid, 9)


def _load() -> None:
    """Load what supervises; the shim is a fork, and finds it loaded."""
    from parhelia_tui.core.shim import kinship, supervisor  # noqa: F401


def _supervise(directory: str) -> _Process:
    """Start the shim: by a fork, as everything that it needs is there already, and a new Python is not for 30 ms."""
    pid = os.fork()
    if pid == 0:
        code = main.UNUSABLE
        try:
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            code = main.supervise(directory)
        finally:
            sys.stderr.flush()
            os._exit(code)
    return _Process(pid)


def _is_brought(directory: str, calls: Calls, most_s: float) -> bool:
    """Answer calls until one of them has brought the container, whose spec comes last."""
    place = os.path.join(directory, spec.NAME)
    end = time.monotonic() + most_s
    while not os.path.exists(place):
        # Who brings it renews the lease with what comes; a large one may take longer than that.
        if time.monotonic() > end and elsewhere.lease_age(directory) > most_s:
            sys.stderr.write("nothing was brought to run\n")
            return False
        calls.serve(SLOW_S)
    return True
