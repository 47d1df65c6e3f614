"""Starting the controller when a front needs it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.errors import CATALOGUE, ParheliaError
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.process_lock import holder
from parhelia_tui.core.settings.read_only import is_read_only, refuse_if_read_only
from parhelia_tui.core.settings.wire import ask, wake

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

START_DEADLINE_S = 30.0
"""A machine on which many agents work may take a while; one that fails is told of at once."""


class Started:
    """A controller that was started and may fail at once.

    Args:
        process: its process.
        log: where it writes what is wrong.
        position: where the log ended before, in bytes.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path, position: int) -> None:
        self._process = process
        self._log = log
        self._position = position

    @property
    def has_ended(self) -> bool:
        """Whether it is gone: it failed, or another one was there already."""
        return self._process.poll() is not None

    def check(self) -> None:
        """Raise the error with which it ended, if it has ended with one; one that was killed had none."""
        if (self._process.poll() or 0) <= 0:
            return
        with self._log.open("rb") as log:
            log.seek(self._position)
            said = log.read(65536).decode("utf-8", "replace").strip().splitlines()
        last = said[-1] if said else f"it ended with {self._process.returncode}"
        code, _, message = last.partition(": ")
        if code in CATALOGUE:
            raise ParheliaError(code, message)
        raise ParheliaError(
            "E500",
            f"the controller fails at its start: {last}",
            details={"log": str(self._log)},
            recovery=("parhelia doctor", f"tail {self._log}"),
        )


# Names and prompts are UTF-8 for it, whatever the locale of who happens to start it.
PROGRAM = (sys.executable, "-P", "-X", "utf8", "-m", "parhelia_tui.core.control")


def start_controller(paths: Paths) -> Started:
    """Start a controller that outlives this process; a second one leaves by itself."""
    import subprocess

    log = private_directory(paths.logs) / "controller.err"
    with log.open("ab") as errors:
        # Not waited for: it is nobody's child soon. Its own session keeps a Ctrl+C of this terminal from it.
        process = subprocess.Popen(
            PROGRAM,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            cwd="/",
            env=_environment(paths),
            start_new_session=True,
        )
        return Started(process, log, errors.tell())


def run_controller(paths: Paths) -> subprocess.Popen[bytes]:
    """Start a controller that belongs to this process and to its terminal; the caller waits for it."""
    import subprocess

    refuse_if_read_only()
    return subprocess.Popen(PROGRAM, stdin=subprocess.DEVNULL, cwd="/", env=_environment(paths))


def _environment(paths: Paths) -> dict[str, str]:
    return {**os.environ, "PARHELIA_HOME": str(paths.home)}


def ensure_controller(paths: Paths, deadline_s: float = START_DEADLINE_S) -> None:
    """Return when a controller answers; start one if there is none.

    Raises:
        ParheliaError: E500 when none answers within `deadline_s` seconds; what the one that was started
            failed with, as E505 for a newer store or E700 for a faulty configuration.
    """
    refuse_if_read_only()
    started: Started | None = None
    for _ in looks(deadline_s):
        if started is not None:
            started.check()
        if holder(paths.controller_lock) is not None:
            try:
                ask(paths.controller_socket, {"op": "ping"}, timeout_s=1.0)
                return
            except ParheliaError:
                # It holds the lock and is about to listen, or about to leave.
                pass
        elif started is None or started.has_ended:
            # One that is slow is not helped by a second one, which would be left over when both have come.
            started = start_controller(paths)
    raise ParheliaError(
        "E500",
        f"the controller did not start within {deadline_s:g} s",
        details={"log": str(paths.logs / "controller.err")},
        recovery=("parhelia doctor", f"tail {paths.logs / 'controller.err'}"),
    )


def wake_controller(paths: Paths, about: str = "") -> None:
    """Tell the controller that something is wanted, starting it if there is none."""
    if is_read_only():
        return
    # A killed one leaves its socket for a moment to a process that it was just about to start, which reads nothing.
    if holder(paths.controller_lock) is None or not wake(paths.wake_socket, about):
        ensure_controller(paths)
        wake(paths.wake_socket, about)
