"""Checkpoints of a workspace of 60,000 files, against restic, borg and a shadow git repository, in one run.

Each engine works on a copy of the same workspace; they take turns within each scene, and each is a process of its own
with a store of its own. `restic` and `borg` come from the system's packages; one that is missing is left out, and so
are the limits against it. It takes about ten minutes: as often as a median needs would take an hour, so the scenes that
write half a gigabyte are run three times and the least time of each engine counts.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.harness import Result, seconds
from bench.workspace import make_workspace

FILES = 60_000
HEAVY = 2
"""Runs of what reads or writes everything."""

LIGHT = 5

Scene = dict[str, float]
"""Seconds of each engine, by its name."""


class Engine(ABC):
    """One way to make checkpoints; each of its acts is a process, timed from outside."""

    name = ""

    def __init__(self, work: Path, place: Path) -> None:
        self.work = work
        self.place = place
        self.store = place / "store"
        self.marks: list[str] = []

    @abstractmethod
    def prepare(self) -> None:
        """Make an empty store."""

    @abstractmethod
    def create(self) -> None:
        """Make a checkpoint and append what names it to `marks`."""

    @abstractmethod
    def restore(self, mark: str, target: Path) -> None:
        """Put a checkpoint into a new directory."""

    @abstractmethod
    def diff(self, one: str, other: str) -> str:
        """Say what differs."""

    @abstractmethod
    def rollback(self, mark: str) -> None:
        """Turn the workspace back."""

    @abstractmethod
    def delete(self, mark: str) -> None:
        """Delete a checkpoint and free its room."""

    def run(self, words: Sequence[object], **more: str) -> str:
        """Run a program of the engine."""
        env = {**os.environ, **self.environment(), **more}
        command = [str(word) for word in words]
        done = subprocess.run(command, env=env, cwd=self.work, capture_output=True, text=True)
        # restic ends with 3, borg with 1, where something could not be read: nothing of the kind is here.
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr[-2000:]}")
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        """What its programs need."""
        return {}


class Parhelia(Engine):
    name = "parhelia"

    def _act(self, act: str, *arguments: object) -> str:
        return self.run([sys.executable, "-m", "bench.checkpoint_act", act, self.store, *arguments])

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}

    def prepare(self) -> None:
        self.store.mkdir()

    def create(self) -> None:
        self.marks.append(self._act("capture", self.work, *self.marks[-1:]).split()[0])

    def restore(self, mark: str, target: Path) -> None:
        self._act("restore", mark, target)

    def diff(self, one: str, other: str) -> str:
        return self._act("diff", one, other)

    def rollback(self, mark: str) -> None:
        self._act("rollback", mark, self.work, self.place / "journal")

    def delete(self, mark: str) -> None:
        self.marks.remove(mark)
        self._act("collect", mark, *self.marks)


class Restic(Engine):
    name = "restic"

    def environment(self) -> dict[str, str]:
        cache = str(self.place / "cache")
        return {"RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": str(self.store), "RESTIC_CACHE_DIR": cache}

    def prepare(self) -> None:
        self.run(["restic", "init", "-q"])

    def create(self) -> None:
        said = self.run(["restic", "backup", "-q", "--json", "."])
        self.marks.append(said.splitlines()[-1].split('"snapshot_id":"')[1].split('"')[0])

    def restore(self, mark: str, target: Path) -> None:
        self.run(["restic", "restore", "-q", mark, "--target", target])

    def diff(self, one: str, other: str) -> str:
        return self.run(["restic", "diff", one, other])

    def rollback(self, mark: str) -> None:
        self.run(["restic", "restore", "-q", mark, "--target", self.work])

    def delete(self, mark: str) -> None:
        self.marks.remove(mark)
        self.run(["restic", "forget", "-q", "--prune", mark])


class Borg(Engine):
    name = "borg"

    def environment(self) -> dict[str, str]:
        base = str(self.place / "base")
        return {
            "BORG_BASE_DIR": base,
            "BORG_REPO": str(self.store),
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "y",
        }

    def prepare(self) -> None:
        self.run(["borg", "init", "-e", "none"])

    def create(self) -> None:
        mark = f"c{len(self.marks)}-{random.randrange(1 << 30)}"
        self.run(["borg", "create", "--compression", "zstd,1", f"::{mark}", "."])
        self.marks.append(mark)

    def restore(self, mark: str, target: Path) -> None:
        target.mkdir()
        env = {**os.environ, **self.environment()}
        subprocess.run(["borg", "extract", f"::{mark}"], cwd=target, env=env, check=True)

    def diff(self, one: str, other: str) -> str:
        return self.run(["borg", "diff", f"::{one}", other])

    def rollback(self, mark: str) -> None:
        self.run(["borg", "extract", f"::{mark}"])

    def delete(self, mark: str) -> None:
        self.marks.remove(mark)
        self.run(["borg", "delete", f"::{mark}"])
        self.run(["borg", "compact"])


class ShadowGit(Engine):
    """A git repository beside the workspace; what a `.git` within holds and what git cannot express is lost."""

    name = "shadow git"

    def environment(self) -> dict[str, str]:
        who = {
            f"GIT_{role}_{what}": "b@invalid"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        mine = {"GIT_DIR": str(self.store), "GIT_WORK_TREE": str(self.work)}
        return {**who, **mine, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def prepare(self) -> None:
        self.run(["git", "init", "-q"])
        self.run(["git", "config", "gc.auto", "0"])

    def create(self) -> None:
        self.run(["git", "add", "-A"])
        tree = self.run(["git", "write-tree"])
        mark = self.run(["git", "commit-tree", "-m", "checkpoint", tree])
        self.run(["git", "update-ref", f"refs/checkpoints/{mark}", mark])
        self.marks.append(mark)

    def restore(self, mark: str, target: Path) -> None:
        target.mkdir()
        index = str(self.place / "restore-index")
        self.run(["git", "read-tree", mark], GIT_INDEX_FILE=index)
        self.run(["git", "checkout-index", "-a", f"--prefix={target}/"], GIT_INDEX_FILE=index)

    def diff(self, one: str, other: str) -> str:
        return self.run(["git", "diff", "--name-status", one, other])

    def rollback(self, mark: str) -> None:
        self.run(["git", "add", "-A"])
        self.run(["git", "read-tree", "--reset", "-u", mark])

    def delete(self, mark: str) -> None:
        self.marks.remove(mark)
        self.run(["git", "update-ref", "-d", f"refs/checkpoints/{mark}"])
        self.run(["git", "gc", "-q", "--prune=now"])


def measure() -> list[Result]:
    """All scenes, engines in turns."""
    with tempfile.TemporaryDirectory(prefix="parhelia-bench-") as name:
        top = Path(name)
        original = top / "original"
        original.mkdir()
        make_workspace(original, FILES)
        kinds = [Parhelia, *(kind for kind in (Restic, Borg) if shutil.which(kind.name)), ShadowGit]
        engines: list[Engine] = []
        for kind in kinds:
            place = top / kind.name.replace(" ", "-")
            place.mkdir()
            subprocess.run(["cp", "-a", original, place / "ws"], check=True)
            engines.append(kind(place / "ws", place))
        return _results(_scenes(engines), engines)


def _scenes(engines: list[Engine]) -> dict[str, Scene]:
    found: dict[str, Scene] = {}

    def scene(
        name: str, runs: int, act: Callable[[Engine], None], before: Callable[[Engine], None] | None = None
    ) -> None:
        times: dict[str, list[float]] = {engine.name: [] for engine in engines}
        for _ in range(runs):
            for engine in engines:
                if before is not None:
                    before(engine)
                # What others wrote should not be written out in this one's time.
                os.sync()
                times[engine.name].append(seconds(lambda engine=engine: act(engine)))  # type: ignore[misc]
        found[name] = {engine: min(each) for engine, each in times.items()}
        print(f"  {name}: {found[name]}", file=sys.stderr, flush=True)

    scene("first", HEAVY, lambda engine: engine.create(), _empty)
    found["store"] = {engine.name: _size(engine.store) for engine in engines}
    scene("no change", LIGHT, lambda engine: engine.create())
    scene("10 changed", LIGHT, lambda engine: engine.create(), lambda engine: change(engine, 10))
    scene("diff of 10", LIGHT, lambda engine: _nothing(engine.diff(engine.marks[-2], engine.marks[-1])))
    scene("rollback of 10", LIGHT, _back, lambda engine: change(engine, 10))
    scene("1,000 changed", LIGHT, lambda engine: engine.create(), lambda engine: change(engine, 1000))
    scene("restore", HEAVY, _restore, _clear)
    scene("delete one", HEAVY, lambda engine: engine.delete(engine.marks[-2]), _another)
    return found


def change(engine: Engine, count: int) -> None:
    """Change so many files, others each time, all over the workspace."""
    choose = random.Random(f"{count} {len(engine.marks)}")
    names = sorted((engine.work / "src").rglob("file_*")) + sorted(
        (engine.work / "node_modules").rglob("file_*")
    )
    for path in choose.sample(names, count):
        with path.open("ab") as file:
            file.write(choose.randbytes(200))


def _nothing(_: object) -> None:
    pass


def _empty(engine: Engine) -> None:
    shutil.rmtree(engine.place / "store", ignore_errors=True)
    for name in ("cache", "base"):
        shutil.rmtree(engine.place / name, ignore_errors=True)
    engine.marks.clear()
    engine.prepare()


def _back(engine: Engine) -> None:
    engine.rollback(engine.marks[-1])


def _restore(engine: Engine) -> None:
    engine.restore(engine.marks[0], engine.place / "out")


def _clear(engine: Engine) -> None:
    shutil.rmtree(engine.place / "out", ignore_errors=True)


def _another(engine: Engine) -> None:
    _clear(engine)
    change(engine, 1000)
    engine.create()
    change(engine, 10)
    engine.create()


def _size(directory: Path) -> float:
    return sum(file.lstat().st_size for file in directory.rglob("*"))


LIMITS = (
    ("first", "restic", 0.35),
    ("no change", "restic", 0.10),
    ("no change", "shadow git", 1.0),
    ("10 changed", "restic", 0.10),
    ("10 changed", "shadow git", 1.0),
    ("1,000 changed", "restic", 0.2),
    ("restore", "restic", 0.45),
    ("diff of 10", "restic", 0.05),
    ("rollback of 10", "shadow git", 1.0),
    ("delete one", "restic", 0.2),
    ("store", "restic", 1.15),
)


def _results(scenes: dict[str, Scene], engines: list[Engine]) -> list[Result]:
    found: list[Result] = []
    for name, times in scenes.items():
        for engine in engines:
            value, unit = times[engine.name], "s"
            if name == "store":
                value, unit = value / 1e6, "MB"
            found.append(Result.reported("checkpoint", f"{name}, {engine.name}", value, unit))
    for name, other, limit in LIMITS:
        times = scenes[name]
        if other in times:
            label = f"{name} / {other}"
            found.append(Result.at_most("checkpoint", label, times["parhelia"] / times[other], "x", limit))
    peak = max(map(float, (engines[0].place / "peaks").read_text().split()))
    found.append(Result.at_most("checkpoint", "peak memory of any act", peak, "MB", 250))
    return found
