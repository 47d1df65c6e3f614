"""The main process of a sandbox at a provider: waits for its container, keeps it, and ends what nobody pays for.

The container itself is run by an ordinary shim beside it. The terminal server runs in here too; only bytes leave.
The end of this process is the end of the sandbox.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

from parhelia_tui.core.shim import elsewhere, spec
from parhelia_tui.core.shim.caller import Call, NoShim
from parhelia_tui.core.shim.lean import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

QUICK_S, SLOW_S = 0.02, 0.2
QUICK_FOR_S = 10.0
TERMINAL_EVERY_S = 2.0
GRACE_S = 5.0


def keep(directory: str, begin_s: float) -> int:
    """Stay until the container has ended and was fetched, or nobody is there who pays for it.

    Args:
        directory: the run directory, made here.
        begin_s: seconds within which the container has to be brought.

    Returns:
        0; 4 when nothing was brought in time.
    """
    born = time.monotonic()
    elsewhere.make(directory)
    if not _wait(lambda: os.path.exists(os.path.join(directory, spec.NAME)), begin_s):
        return 4
    keeper = _Keeper(directory, born)
    keeper.run()
    return 0


class _Keeper:
    """One container, its terminal server and its clocks."""

    def __init__(self, directory: str, born: float) -> None:
        self._directory = directory
        self._born = born
        self._spec = spec.load(directory)
        with open(os.path.join(directory, elsewhere.TERMS), encoding="ascii") as file:
            terms: dict[str, Any] = loads(file.read())
        self._lease_s = float(terms["lease_s"])
        self._linger_s = float(terms["linger_s"])
        # Of older terms, which a sandbox may have been brought by another version, there is none.
        self._ends_s = float(terms.get("ends_s") or "inf")
        self._terminal_at = self._door_at = 0.0
        self._door: subprocess.Popen[bytes] | None = None
        elsewhere.renew(directory)

    def run(self) -> None:
        """Start the shim and stay with it."""
        self._see_to_door()
        shim = subprocess.Popen(elsewhere.words("run", self._directory), stdin=subprocess.DEVNULL)
        told = False
        while shim.poll() is None:
            self._see_to_terminal()
            self._see_to_door()
            if not told and self._lease_is_over():
                told = self._end("terminated", f"no controller has renewed its lease for {self._lease_s:g} s")
            elif not told and time.monotonic() - self._born > self._ends_s:
                told = self._end("expired", "the time of its sandbox is nearly over")
            elif told and self._lease_is_over(GRACE_S * 4):
                shim.kill()
            time.sleep(SLOW_S if self._terminal_at else QUICK_S)
        self._tmux("kill-server")
        end = time.monotonic() + self._linger_s
        taken = os.path.join(self._directory, elsewhere.TAKEN)
        while time.monotonic() < end and not self._lease_is_over() and not os.path.exists(taken):
            time.sleep(SLOW_S)

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
        if self._door is not None and self._door.poll() is None:
            return
        if time.monotonic() < self._door_at or not os.path.exists(config):
            return
        self._door_at = time.monotonic() + TERMINAL_EVERY_S
        program = shutil.which("sshd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
        if program is not None:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)
            self._door = subprocess.Popen([program, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL)

    def _tmux(self, *arguments: str) -> int:
        return elsewhere.tmux(self._directory, *arguments)


def _wait(condition: Any, most_s: float) -> bool:
    begin = time.monotonic()
    while not condition():
        waited = time.monotonic() - begin
        if waited > most_s:
            sys.stderr.write("nothing was brought to run\n")
            return False
        time.sleep(QUICK_S if waited < QUICK_FOR_S else SLOW_S)
    return True
