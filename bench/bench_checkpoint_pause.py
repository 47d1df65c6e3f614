"""How long an agent stands still for a checkpoint, over what changed at the last moment and over the size of all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bench_checkpoints import change_in
from bench.harness import ROUNDS, Result, median
from bench.workspace import make_workspace
from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.stores import Stores

FILES = (6_000, 60_000)
CHANGED = (0, 10, 100, 1_000)


def measure() -> list[Result]:
    """Capture workspaces of two sizes; the change comes when all was looked at, just before the pause."""
    found: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="parhelia-bench-") as name:
        for files in FILES:
            workspace = Path(name) / str(files)
            workspace.mkdir()
            make_workspace(workspace, files)
            stores = Stores(Path(name) / f"store-{files}")
            pause_s(stores, workspace, 0, "first")
            for changed in CHANGED:
                values = [
                    pause_s(stores, workspace, changed, f"{changed} {number}") for number in range(ROUNDS)
                ]
                label = f"pause, {changed:,} of {files:,} files changed at the last moment"
                found.append(Result.reported("checkpoint", label, median(values) * 1000, "ms"))
            stores.close()
    return found


def pause_s(stores: Stores, workspace: Path, changed: int, seed: str) -> float:
    """Make a checkpoint; gives the seconds that an agent would have stood still."""

    @contextmanager
    def pause() -> Iterator[None]:
        change_in(workspace, changed, seed)
        yield

    made = capture(stores.workspaces, workspace, pause=pause, processes=stores.processes, later=stores.later)
    stores.tidy()
    return made.paused_s
