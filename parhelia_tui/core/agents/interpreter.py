"""Which Python the programs of ours run with, inside."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.model.records import Image, Mount

SYSTEM = ("/usr/bin/python3", "/usr/local/bin/python3")
"""A container shows /usr, so these are there inside if they are there at all."""

FLAGS = ("-I", "-S", "-B")
"""Nothing from the environment or the workspace, no site packages, no compiled files left behind."""

# A system may have a Python without its whole library; unittest is what such ones leave out first.
_NEEDS = "import json, random, select, socket, subprocess, sys, unittest; sys.exit(sys.version_info < (3, 9))"


def inside(image: Image | None) -> tuple[tuple[str, ...], tuple[Mount, ...]]:
    """Give the interpreter of an image, or that of this machine; as `interpreter`."""
    return interpreter() if image is None else ((image.python, *FLAGS), ())


@functools.cache
def interpreter(system: Sequence[str] = SYSTEM) -> tuple[tuple[str, ...], tuple[Mount, ...]]:
    """Find a Python of 3.9 or newer; tried once for each process, in 50 ms.

    Args:
        system: where to look before our own is taken.

    Returns:
        The command's beginning, and what it needs to be seen inside.
    """
    for path in system:
        if _works(path):
            return (path, *FLAGS), ()
    # Ours, as it was before any virtual environment was put around it.
    prefix = Path(sys.base_prefix)
    own = prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = own if own.exists() else Path(sys.executable).resolve()
    return (str(own), *FLAGS), (() if prefix.is_relative_to("/usr") else (Mount(prefix, str(prefix)),))


def _works(path: str) -> bool:
    try:
        done = subprocess.run(
            [path, *FLAGS, "-c", _NEEDS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
