"""The engines that checkpoints are measured against: ours, restic, borg and a shadow git repository."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path


class Engine(ABC):
    """One way to make checkpoints; each of its acts is a process, timed from outside."""

    name = ""

    def __init__(self, work: Path, place: Path) -> None:
        self.work = work
        self.place = place
        self.store = place / "store"
        self.marks: list[str] = []
        self._turns = 0

    def turn(self) -> int:
        """Give another number each time, the same for each engine at the same point of a run."""
        self._turns += 1
        return self._turns

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

    def settle(self) -> None:  # noqa: B027 (most leave nothing)
        """Wait for what an act left to do for after its answer; its time does not count."""

    def close(self) -> None:  # noqa: B027 (most run nothing)
        """End what runs."""


class Parhelia(Engine):
    """Ours in a process that stays, as the controller's worker does for a minute after a job."""

    name = "parhelia"

    def __init__(self, work: Path, place: Path) -> None:
        super().__init__(work, place)
        self._worker: subprocess.Popen[str] | None = None

    def _act(self, act: str, *arguments: object) -> str:
        if self._worker is None:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "bench.checkpoint_act", self.store],
                env={**os.environ, **self.environment()},
                cwd=self.work,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._worker.stdin
        assert self._worker.stdout
        self._worker.stdin.write(json.dumps([act, *map(str, arguments)]) + "\n")
        self._worker.stdin.flush()
        return str(json.loads(self._worker.stdout.readline()))

    def settle(self) -> None:
        if self._worker is not None and self._worker.stdout is not None:
            self._worker.stdout.readline()

    def close(self) -> None:
        if self._worker is not None:
            self._worker.communicate(timeout=60)
            self._worker = None

    def environment(self) -> dict[str, str]:
        # An installed program is compiled; where this were set, each new process would compile all of it again.
        return {"PYTHONPATH": str(Path(__file__).resolve().parent.parent), "PYTHONDONTWRITEBYTECODE": ""}

    def prepare(self) -> None:
        self.close()
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


class ParheliaAlone(Parhelia):
    """Ours with a process of its own for each act, started and ended within its time."""

    name = "parhelia, new process"

    def _act(self, act: str, *arguments: object) -> str:
        return self.run([sys.executable, "-m", "bench.checkpoint_act", self.store, act, *arguments])

    def settle(self) -> None:
        pass


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
