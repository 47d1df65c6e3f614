"""`parhelia task list --json` over 1,000 tasks, against an interpreter that imports click and sqlite3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.harness import Result, ratio, timed
from bench.home import benchmark_home, fill

PARHELIA = str(Path(sys.executable).with_name("parhelia"))
TASKS = 1000


def measure() -> list[Result]:
    """The list, in turns with the nearest thing to doing nothing."""
    with benchmark_home() as client:
        fill(client.paths, TASKS)
        found = ratio(
            timed(list_tasks),
            timed(lambda: subprocess.run([sys.executable, "-c", "import click, sqlite3"], check=True)),
            rounds=15,
        )
    return [
        Result.reported("list", "import click, sqlite3", found.base_seconds * 1000, "ms"),
        Result.reported("list", "task list --json over 1,000 tasks", found.seconds * 1000, "ms"),
        Result.at_most("list", "task list --json / import click, sqlite3", found.value, "x", 4),
    ]


def list_tasks() -> None:
    """Run the installed command and look at its answer."""
    said = subprocess.run(
        [PARHELIA, "task", "list", "--all", "--json"], check=True, capture_output=True, text=True
    ).stdout
    if len(json.loads(said)["data"]) != TASKS:
        raise ValueError("the list is not whole")
