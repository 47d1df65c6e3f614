"""Running a piece of Python where mounts are its own: they are gone with it, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


def run_on_small_disk(script: str, disk: Path, size_kb: int, arguments: Sequence[str] = ()) -> str:
    """Run a script that finds a fresh tmpfs of `size_kb` KiB at `disk`, which is its first argument.

    Returns:
        What it printed. It fails the test when it does not end with 0.
    """
    disk.mkdir(exist_ok=True)
    command = f'mount -t tmpfs -o mode=755,size={size_kb}k tmpfs "$1" && exec "$0" -c "$2" "$1" "${{@:3}}"'
    done = subprocess.run(
        ["unshare", "-Urm", "bash", "-c", command, sys.executable, str(disk), script, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def fill_up(file: IO[bytes]) -> None:
    """Write into an unbuffered file until its disk takes not one byte more."""
    for size in (65536, 4096, 512, 1):
        with suppress(OSError):
            while True:
                file.write(b"x" * size)
