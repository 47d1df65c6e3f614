"""Starting the controller when a front needs it."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.process_lock import holder
from parhelia_tui.core.settings.wire import ask, wake

if TYPE_CHECKING:
    import subprocess

START_DEADLINE_S = 10.0
LOOK_EVERY_S = 0.01


PROGRAM = (sys.executable, "-P", "-m", "parhelia_tui.core.control")


def start_controller(paths: Paths) -> None:
    """Start a controller that outlives this process; a second one leaves by itself."""
    import subprocess

    logs = private_directory(paths.logs)
    with (logs / "controller.err").open("ab") as errors:
        # Not waited for: it is nobody's child soon. Its own session keeps a Ctrl+C of this terminal from it.
        subprocess.Popen(
            PROGRAM,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            cwd="/",
            env=_environment(paths),
            start_new_session=True,
        )


def run_controller(paths: Paths) -> subprocess.Popen[bytes]:
    """Start a controller that belongs to this process and to its terminal; the caller waits for it."""
    import subprocess

    return subprocess.Popen(PROGRAM, stdin=subprocess.DEVNULL, cwd="/", env=_environment(paths))


def _environment(paths: Paths) -> dict[str, str]:
    return {**os.environ, "PARHELIA_HOME": str(paths.home)}


def ensure_controller(paths: Paths, deadline_s: float = START_DEADLINE_S) -> None:
    """Return when a controller answers; start one if there is none.

    Raises:
        ParheliaError: E500 when none answers within `deadline_s` seconds.
    """
    end = time.monotonic() + deadline_s
    started_at: float | None = None
    while True:
        if holder(paths.controller_lock) is not None:
            try:
                ask(paths.controller_socket, {"op": "ping"}, timeout_s=1.0)
                return
            except ParheliaError:
                # It holds the lock and is about to listen, or about to leave.
                pass
        elif started_at is None or time.monotonic() - started_at > 2.0:
            start_controller(paths)
            started_at = time.monotonic()
        if time.monotonic() > end:
            raise ParheliaError(
                "E500",
                f"the controller did not start within {deadline_s:g} s",
                details={"log": str(paths.logs / "controller.err")},
                recovery=("parhelia doctor", f"tail {paths.logs / 'controller.err'}"),
            )
        time.sleep(LOOK_EVERY_S)


def wake_controller(paths: Paths, about: str = "") -> None:
    """Tell the controller that something is wanted, starting it if there is none."""
    if not wake(paths.wake_socket, about):
        ensure_controller(paths)
        wake(paths.wake_socket, about)
