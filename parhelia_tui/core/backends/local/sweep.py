"""Making sure that nothing of a dead shim's container is left.

The kernel ends a container with its shim; what this finds is what a kill at the worst moment can leave: an
init whose monitor died before it let it go, processes without isolation, control groups. A shim whose run
directory was taken away cannot be asked to end, so it is found and ended here as well.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

from parhelia_tui.core.backends.local import run_directory, shim_code
from parhelia_tui.core.shim import cgroups
from parhelia_tui.core.shim.child import RUN_VARIABLE
from parhelia_tui.core.shim.processes import is_running, send

DEADLINE_S = 5.0
_PAUSE_S = 0.005


def sweep(run: Path, deadline_s: float = DEADLINE_S) -> bool:
    """Kill every process of a container whose shim is dead, and remove its control groups.

    Args:
        run: the container's run directory.

    Returns:
        False when something could not be ended within the deadline.
    """
    spec = run_directory.spec_of(run)
    groups = sorted({limit.group for limit in spec.limits if limit.group}) if spec else []
    end = time.monotonic() + deadline_s
    while True:
        left = set(_of_pid_file(run)) | set(_seen(run))
        for pid in left:
            send(pid, signal.SIGKILL)
        for group in groups:
            cgroups.kill(group)
        groups = [group for group in groups if not cgroups.remove(group)]
        if not left and not groups:
            return True
        if time.monotonic() > end:
            return False
        # They are nobody's children here, so nobody tells of their end.
        time.sleep(_PAUSE_S)


def is_there(run: Path) -> bool:
    """Say whether a shim or a process of a container lives, whatever became of its run directory."""
    return next(_seen(run), None) is not None


def _of_pid_file(run: Path) -> list[int]:
    return [
        pid for name, pid in run_directory.processes_of(run).items() if name != "shim" and is_running(pid)
    ]


def _seen(run: Path) -> Iterator[int]:
    """The shim by its command, all others by the run directory in their environment.

    bubblewrap's processes carry it, and unisolated ones.
    """
    mark = f"{RUN_VARIABLE}={run}".encode(errors="surrogateescape")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            found = shim_code.is_command((entry / "cmdline").read_bytes().split(b"\0")[:-1], run)
            found = found or mark in (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            # It has ended, or it is somebody else's.
            continue
        if found and is_running(int(entry.name)):
            yield int(entry.name)
