"""The first frame beside that of posting, an HTTP client on the same toolkit, where that can be installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bench_screen import PARHELIA, first_frame
from bench.fleet_store import fill_fleet
from bench.harness import ROUNDS, Result, median
from bench.home import benchmark_home
from bench.terminal import OnTerminal

TASKS = 10_000
PACKAGES = ("posting", "tree-sitter<0.26")
"""With tree-sitter 0.26 posting 2.11 ends by a segmentation fault before it draws."""
DRAWN = "Enter a URL"
INSTALL_S = 300.0


def measure() -> list[Result]:
    """Start both in turns; one row that says so where posting cannot be installed or does not draw."""
    with tempfile.TemporaryDirectory(prefix="parhelia-bench-") as place:
        try:
            program = installed(Path(place) / "venv")
        except (OSError, subprocess.SubprocessError):
            return [Result.reported("posting", "not measured: posting could not be installed", 0, "")]
        with benchmark_home() as client, alone(place):
            fill_fleet(client.paths, TASKS, 0)
            theirs, ours = [], []
            for _ in range(ROUNDS + 1):
                theirs.append(drawn(program, place))
                ours.append(first_frame((PARHELIA,)))
    share = median(ours[1:]) / median(theirs[1:])
    return [
        Result.reported("posting", "first frame of posting", median(theirs[1:]) * 1000, "ms"),
        Result.at_most("posting", "first frame over 10,000 tasks / posting", share, "x", 0.45),
    ]


def installed(place: Path) -> str:
    """Install posting into an environment of its own; give its program.

    Raises:
        OSError, subprocess.SubprocessError: it cannot be installed.
    """
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=INSTALL_S)
    pip = [str(place / "bin" / "pip"), "install", "--quiet", *PACKAGES]
    # Also where this process leaves no bytecode: an installed program has some.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(pip, check=True, timeout=INSTALL_S, env=env, capture_output=True)
    return str(place / "bin" / "posting")


def drawn(program: str, place: str) -> float:
    """Seconds from the start of posting until its line for an address is drawn."""
    with OnTerminal((program, "--collection", place)) as terminal:
        return terminal.until_drawn(DRAWN) - terminal.began


@contextmanager
def alone(place: str) -> Iterator[None]:
    """Let a program that is started find nothing of the user's own."""
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, place))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
