"""Processor time of what is started in a sandbox before its first output is told.

Run it from the root of the tree, where nothing else has the processors first:
`chrt -r 1 python -m docs.decisions.scripts.sandbox_follow` (see 0008).
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from parhelia_tui.core.backends.modal import shim_file
from parhelia_tui.core.settings.paths import Paths

ROUNDS = 21
RELAY = (
    'mkdir -p -m 700 "$0/lines"; cd "$0"; mkfifo calls lines/$$.in lines/$$.out 2>/dev/null;'
    " cat </dev/null & (sleep 0) & cat </dev/null; wait"
)


def milliseconds(command: list[str]) -> tuple[float, float]:
    """Median and least of a command and all that it starts."""
    took = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(took) * 1000, min(took) * 1000


def main() -> None:
    """Print them."""
    # That of an environment would first look for it.
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    with tempfile.TemporaryDirectory() as place:
        archive = shim_file.shim_file(Paths(Path(place)))
        begin = f"import sys; sys.path.insert(0, {str(archive)!r}); from parhelia_tui.core.shim import main, "
        for name, command in {
            "a Python that does nothing": [python, "-I", "-S", "-c", "pass"],
            "the keeper's start": [python, "-I", "-S", "-c", f"{begin}keeper"],
            "following by a Python": [python, "-I", "-S", "-c", f"{begin}follow"],
            "following by a shell that copies": ["sh", "-c", RELAY, f"{place}/run"],
        }.items():
            median, least = milliseconds(command)
            print(f"{name:<34} {median:5.1f} ms, least {least:5.1f}")


if __name__ == "__main__":
    main()
