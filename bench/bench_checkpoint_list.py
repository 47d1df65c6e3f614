"""`parhelia checkpoint list --json` over 1,000 checkpoints, against the same over 10."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.harness import Result, ratio, timed
from bench.home import benchmark_home, ended_task
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.states import CheckpointState, Trigger
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.store import checkpoints, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated

PARHELIA = str(Path(sys.executable).with_name("parhelia"))
MANY, FEW = 1000, 10


def measure() -> list[Result]:
    """List both, in turns."""
    with benchmark_home() as client:
        many, few = client.paths.home, client.paths.home.with_name("few")
        fill(many, MANY)
        fill(few, FEW)
        found = ratio(timed(lambda: list_checkpoints(many, MANY)), timed(lambda: list_checkpoints(few, FEW)))
    return [
        Result.reported("list", f"checkpoint list --json, {FEW}", found.base_seconds * 1000, "ms"),
        Result.reported("list", f"checkpoint list --json, {MANY:,}", found.seconds * 1000, "ms"),
        Result.at_most("list", f"checkpoint list, {MANY:,} / {FEW}", found.value, "x", 2),
    ]


def fill(home: Path, count: int) -> None:
    """Store so many checkpoints that are ready, of one task."""
    paths = Paths(home)
    private_directory(paths.home)
    db = open_migrated(paths.database)
    with writing(db) as tx:
        task = tasks.add(tx, ended_task(1))
        for number in range(count):
            at = time.time() - number
            made = checkpoints.add(tx, new_id("cp"), task, None, Trigger.MANUAL, at, workspace="/workspace")
            made = checkpoints.move(tx, made, CheckpointState.CREATING)
            taken = {
                "tree": f"{number:064x}",
                "conversation": "",
                "files": 60_000,
                "bytes": 500_000_000,
                "changed_files": number,
                "added_bytes": number * 1000,
                "skipped": [],
                "pause_s": 0.01,
                "took_s": 0.3,
                "git": {"head": f"{number:040x}", "branch": "main"},
                "environment": {"python": "3.11.7", "git": "2.39.5"},
            }
            checkpoints.finish(tx, made, taken, None, at)
    db.close()


def list_checkpoints(home: Path, count: int) -> None:
    """Run the installed command and look at its answer."""
    said = subprocess.run(
        [PARHELIA, "checkpoint", "list", "--limit", str(count), "--json"],
        env={**os.environ, "PARHELIA_HOME": str(home)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if len(json.loads(said)["data"]) != count:
        raise ValueError("the list is not whole")
