"""What this machine has for containers: programs, system directories, the parts of /proc to guard."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from parhelia_tui.core.backends.local.bubblewrap import Host
from parhelia_tui.core.model.errors import ParheliaError

_ROOTS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# What container runtimes keep read-only and hide (the OCI runtime specification's default paths).
_GUARDED = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/mtrr")
_KEYS = "/proc/keys"
_MASKED = (
    _KEYS,
    "/proc/kcore",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/timer_list",
    "/proc/timer_stats",
)
PROGRAM_DEADLINE_S = 10.0


def program(name: str, package: str) -> str:
    """Find a program.

    Raises:
        ParheliaError: E603, with what to type.
    """
    found = shutil.which(name)
    if found is None:
        raise ParheliaError(
            "E603",
            # The words alone reach whoever asked; what to type has to be among them.
            f"{package} is not installed; try sudo apt-get install {package}",
            recovery=(f"sudo apt-get install {package}", "parhelia doctor"),
        )
    return found


@cache
def bubblewrap_version(path: str) -> tuple[int, ...]:
    """Ask bubblewrap for its version, once in the life of this process (2 ms)."""
    said = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=PROGRAM_DEADLINE_S, check=False
    ).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:3]))


LOOKED_FOR_S = 5.0
"""How long a look at the machine is good for; one takes 0.7 ms, and a hundred containers may start at once."""

_looks: dict[tuple[str, ...], tuple[float, Host]] = {}


def host(system_paths: Sequence[str]) -> Host:
    """Give what this machine has, as it was at most `LOOKED_FOR_S` seconds ago; as `look`."""
    wanted = tuple(system_paths)
    at, seen = _looks.get(wanted, (-LOOKED_FOR_S, None))
    now = time.monotonic()
    if seen is None or now - at >= LOOKED_FOR_S:
        seen = look(system_paths)
        _looks[wanted] = (now, seen)
    return seen


def look(system_paths: Sequence[str]) -> Host:
    """Look at this machine.

    Args:
        system_paths: directories that containers are to see read-only, where they are there.

    Raises:
        ParheliaError: E603 without bubblewrap.
    """
    bwrap = program("bwrap", "bubblewrap")
    roots = [Path(name) for name in _ROOTS]
    plain = [str(root) for root in roots if root.is_dir() and not root.is_symlink()]
    return Host(
        bwrap=bwrap,
        can_disable_userns=bubblewrap_version(bwrap) >= (0, 8),
        links={str(root): str(root.readlink()) for root in roots if root.is_symlink()},
        system=[path for path in (*system_paths, *plain) if Path(path).is_dir()],
        guarded=[path for path in _GUARDED if Path(path).exists()],
        # To any other number than root's the rest is closed anyway.
        masked=[path for path in _MASKED if os.geteuid() == 0 or path == _KEYS if Path(path).exists()],
    )
