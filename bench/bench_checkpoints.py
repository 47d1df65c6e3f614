"""Checkpoints of a workspace of 60,000 files, against restic, borg and a shadow git repository, in one run.

Each engine works on a copy of the same workspace, with a store of its own, and they take turns within each scene.
`restic` and `borg` come from the system's packages; one that is missing is left out, and so are the limits against it.

What takes less than a second or two is run seven times and the median counts. What reads or writes everything, and
what restic and borg do by reading everything (a rollback), is run three times and the least time of each engine counts:
medians of those would take an hour. Ours is measured twice: in a process that stays from one act to the next, as the
controller's worker does, timed until its answer; and as "new process", where each act pays for the start and the end
of the interpreter as well. The limits are held against the first, but for the first checkpoint, the restore and the
clean-up, where nothing could be kept in mind.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.checkpoint_engines import Borg, Engine, Parhelia, ParheliaAlone, Restic, ShadowGit
from bench.harness import Result, median, seconds
from bench.workspace import make_workspace

FILES = 60_000
LEAST_OF = 3
"""Runs of what reads or writes everything."""

MEDIAN_OF = 7

SLOW = ("restic", "borg")
"""They read everything to roll back."""

Scene = dict[str, float]
"""Seconds of each engine, by its name."""


def measure() -> list[Result]:
    """All scenes, engines in turns."""
    with tempfile.TemporaryDirectory(prefix="parhelia-bench-") as name:
        top = Path(name)
        original = top / "original"
        original.mkdir()
        make_workspace(original, FILES)
        others = [kind for kind in (Restic, Borg) if shutil.which(kind.name)]
        engines: list[Engine] = []
        for kind in (Parhelia, ParheliaAlone, *others, ShadowGit):
            place = top / kind.__name__
            place.mkdir()
            subprocess.run(["cp", "-a", original, place / "ws"], check=True)
            engines.append(kind(place / "ws", place))
        try:
            return _results(scenes(engines), engines)
        finally:
            for engine in engines:
                engine.close()


def scenes(engines: Sequence[Engine]) -> dict[str, Scene]:
    """Time everything; the name of a scene says what is done."""
    found: dict[str, Scene] = {}

    def scene(
        name: str,
        act: Callable[[Engine], object],
        before: Callable[[Engine], object] | None = None,
        *,
        runs: int = MEDIAN_OF,
        least: Sequence[str] = (),
    ) -> None:
        """Time an act, with what comes before it each time; `least` names whom the least of a few runs is good for."""
        times: dict[str, list[float]] = {engine.name: [] for engine in engines}
        for number in range(runs):
            for engine in engines:
                if engine.name in least and number >= LEAST_OF:
                    continue
                if before is not None:
                    before(engine)
                # What others wrote should not be written out in this one's time.
                os.sync()
                times[engine.name].append(seconds(partial(act, engine)))
                engine.settle()
        found[name] = {
            engine: min(each) if len(each) < MEDIAN_OF else median(each) for engine, each in times.items()
        }
        print(f"  {name}: {found[name]}", file=sys.stderr, flush=True)

    scene("first", lambda engine: engine.create(), _empty, runs=LEAST_OF)
    found["store"] = {engine.name: _size(engine.store) for engine in engines}
    scene("no change", lambda engine: engine.create())
    scene("10 changed", lambda engine: engine.create(), lambda engine: change(engine, 10))
    scene("diff of 10", lambda engine: engine.diff(engine.marks[-2], engine.marks[-1]))
    scene(
        "rollback of 10",
        lambda engine: engine.rollback(engine.marks[-1]),
        lambda engine: change(engine, 10),
        least=SLOW,
    )
    scene("1,000 changed", lambda engine: engine.create(), lambda engine: change(engine, 1000))
    # Each into a directory of its own: a file system that has just lost 60,000 files makes new ones slowly.
    scene("restore", _restore, runs=LEAST_OF)
    scene("delete one", lambda engine: engine.delete(engine.marks[-2]), _another, runs=LEAST_OF)
    return found


def change(engine: Engine, count: int) -> None:
    """Change so many files, others each time, all over the workspace."""
    change_in(engine.work, count, f"{count} {len(engine.marks)} {engine.turn()}")


def change_in(workspace: Path, count: int, seed: str) -> None:
    """Append to so many files, all over a workspace."""
    choose = random.Random(seed)
    names = sorted((workspace / "src").rglob("file_*")) + sorted((workspace / "node_modules").rglob("file_*"))
    for path in choose.sample(names, count):
        with path.open("ab") as file:
            file.write(choose.randbytes(200))


def _empty(engine: Engine) -> None:
    engine.close()
    shutil.rmtree(engine.place / "store", ignore_errors=True)
    for name in ("cache", "base"):
        shutil.rmtree(engine.place / name, ignore_errors=True)
    engine.marks.clear()
    engine.prepare()


def _restore(engine: Engine) -> None:
    engine.restore(engine.marks[0], engine.place / f"out-{engine.turn()}")


def _another(engine: Engine) -> None:
    for count in (1000, 10):
        change(engine, count)
        engine.create()
        engine.settle()


def _size(directory: Path) -> float:
    return sum(file.lstat().st_size for file in directory.rglob("*"))


STAYS, ALONE = Parhelia.name, ParheliaAlone.name
LIMITS = (
    (ALONE, "first", "restic", 0.35),
    (STAYS, "no change", "restic", 0.10),
    (STAYS, "no change", "shadow git", 1.0),
    (STAYS, "10 changed", "restic", 0.10),
    (STAYS, "10 changed", "shadow git", 1.0),
    (STAYS, "1,000 changed", "restic", 0.2),
    (ALONE, "restore", "restic", 0.45),
    (STAYS, "diff of 10", "restic", 0.05),
    (STAYS, "rollback of 10", "shadow git", 1.0),
    (ALONE, "delete one", "restic", 0.2),
    (ALONE, "store", "restic", 1.15),
)


def _results(found: dict[str, Scene], engines: Sequence[Engine]) -> list[Result]:
    results: list[Result] = []
    for name, times in found.items():
        for engine in engines:
            value, unit = times[engine.name], "s"
            if name == "store":
                value, unit = value / 1e6, "MB"
            results.append(Result.reported("checkpoint", f"{name}, {engine.name}", value, unit))
    for ours, name, other, limit in LIMITS:
        times = found[name]
        if other in times:
            label = f"{name} / {other}"
            results.append(Result.at_most("checkpoint", label, times[ours] / times[other], "x", limit))
            if ours == STAYS:
                label = f"{name}, new process / {other}"
                results.append(Result.reported("checkpoint", label, times[ALONE] / times[other], "x"))
    for engine in engines[:2]:
        engine.close()
    peaks = [float(each) for engine in engines[:2] for each in (engine.place / "peaks").read_text().split()]
    results.append(Result.at_most("checkpoint", "peak memory of any act", max(peaks), "MB", 250))
    return results
