"""kill -9 of the installed worker at random moments of real time, with all that it started."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.checkpoints.jobs import Subject
from parhelia_tui.core.checkpoints.recover import recover
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.verify import verify
from parhelia_tui.core.checkpoints.worker import subject_to
from tests.checkpoints.strict import differences
from tests.support.waiting import wait_until

PROGRAM = (sys.executable, "-P", "-m", "parhelia_tui.core.checkpoints")
SOME, MANY = 4, 100
MODES = [pytest.param(SOME, id="some"), pytest.param(MANY, id="many", marks=pytest.mark.long)]
FILES = 900
"""Enough for several processes to restore them."""


@dataclass
class Place:
    """A workspace, a store with two checkpoints of it, and both as they have to come back."""

    live: Path
    store: Path
    journal: Path
    trees: dict[str, str]
    wanted: dict[str, Path]

    def job(self, op: str, **more: Any) -> dict[str, Any]:
        return {"op": op, "root": str(self.store), **more}

    def subject(self) -> dict[str, Any]:
        return subject_to(Subject(workspace=self.live))

    def assert_whole(self, out: Path) -> None:
        """The store verifies, and the two older checkpoints come back bit for bit."""
        with Repository(self.store) as repository:
            assert verify(repository) == []
            for name, tree in self.trees.items():
                restore(repository, tree, out)
                assert differences(self.wanted[name], out) == []
                shutil.rmtree(out)


def fill(live: Path, seed: int, share: float = 1.0) -> None:
    """Write files, or a share of them anew."""
    choose = random.Random(seed)
    for number in range(FILES):
        place = live / f"d{number % 30}" / f"e{number % 7}"
        place.mkdir(parents=True, exist_ok=True)
        if choose.random() < share:
            (place / f"f{number}").write_bytes(choose.randbytes(choose.randrange(3000)))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "ws", tmp_path / "store", tmp_path / "journals" / "j", {}, {})
    made.live.mkdir()
    for name, share in (("first", 1.0), ("second", 0.3)):
        fill(made.live, len(made.trees), share)
        found, _ = ask(made.job("take", subject=made.subject()))
        made.trees[name] = found["tree"]
        made.wanted[name] = tmp_path / name
        with Repository(made.store) as repository:
            restore(repository, found["tree"], made.wanted[name])
    return made


def ask(job: dict[str, Any], kill_after_s: float | None = None) -> tuple[dict[str, Any], float]:
    """Have a job done; gives the result and the seconds it took. Killed before, the result is empty."""
    worker = subprocess.Popen(PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert worker.stdin
    assert worker.stdout
    # The line that lets a rollback begin waits already.
    worker.stdin.write(json.dumps(job) + "\ngo\n")
    worker.stdin.flush()
    started = time.monotonic()
    result: dict[str, Any] = {}
    if kill_after_s is not None:
        # The moment is the point of it: nothing is waited for.
        time.sleep(kill_after_s)
        worker.send_signal(signal.SIGKILL)
    for line in worker.stdout:
        said = json.loads(line)
        if "result" in said:
            result = said["result"]
            break
        assert "error" not in said, said
    took = time.monotonic() - started
    worker.kill()
    worker.wait()
    worker.stdin.close()
    worker.stdout.close()
    return result, took


def users_of(directory: Path) -> list[int]:
    """Processes that have something below a directory open."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                opened = [os.readlink(each) for each in (process / "fd").iterdir()]
            except OSError:
                continue
            if any(each.startswith(f"{directory}/") for each in opened):
                found.append(int(process.name))
    return found


def killed(
    place: Place, count: int, job: Callable[[], dict[str, Any]], after: Callable[[bool], None]
) -> None:
    """Have a job done and killed so often; `after` looks at what that left, told whether it was all done."""
    choose = random.Random(count)
    result, whole_s = ask(job())
    assert result
    after(True)
    done = cut = 0
    while done < count or not cut:
        assert done < count + 20, "it was never killed before its end"
        # Most of the time before is the start of the interpreter.
        result, _ = ask(job(), choose.uniform(0.25, 1.05) * whole_s)
        done, cut = done + 1, cut + (not result)
        if result:
            # A busy machine was slower the first time.
            whole_s *= 0.8
        # What it started ends with it.
        wait_until(lambda: not users_of(place.store), 30)
        after(bool(result))


@pytest.mark.long
@pytest.mark.parametrize("count", MODES)
def test_a_checkpoint_that_is_killed(place: Place, tmp_path: Path, count: int) -> None:
    seeds = iter(range(100, 10_000))

    def job() -> dict[str, Any]:
        seed = next(seeds)
        fill(place.live, seed, 0.4)
        if seed % 2:
            # Nothing of what was seen is known: several processes read all of it.
            shutil.rmtree(place.store / "stat")
        return place.job("take", subject=place.subject())

    def after(done: bool) -> None:
        with Repository(place.store) as repository:
            assert verify(repository) == []

    killed(place, count, job, after)
    place.assert_whole(tmp_path / "out")
    found, _ = ask(place.job("take", subject=place.subject()))
    with Repository(place.store) as repository:
        restore(repository, found["tree"], tmp_path / "out")
    assert differences(place.live, tmp_path / "out") == []


@pytest.mark.long
@pytest.mark.parametrize("count", MODES)
def test_a_rollback_that_is_killed(place: Place, tmp_path: Path, count: int) -> None:
    names = ["first", "second"]

    def job() -> dict[str, Any]:
        names.reverse()
        subject = place.subject()
        journal = str(place.journal)
        return place.job(
            "rollback", subject=subject, tree=place.trees[names[0]], journal=journal, safety=True
        )

    names.reverse()

    def after(done: bool) -> None:
        recover(place.live, place.journal)
        new, old = (differences(place.wanted[name], place.live) for name in names)
        assert not new or not old, (new[:5], old[:5])
        assert not new or not done
        if new:
            names.reverse()

    killed(place, count, job, after)
    place.assert_whole(tmp_path / "out")


@pytest.mark.parametrize("count", MODES)
def test_a_restore_that_is_killed(place: Place, tmp_path: Path, count: int) -> None:
    target = tmp_path / "target" / "out"
    target.parent.mkdir()

    def after(done: bool) -> None:
        assert target.exists() or not done
        if target.exists():
            assert differences(place.wanted["first"], target) == []
            shutil.rmtree(target)
        # What was not finished is taken away by the next one, once it is sure that nobody works on it.
        assert len(list(target.parent.iterdir())) <= 1
        for left in target.parent.iterdir():
            os.utime(left, (0, 0))

    killed(place, count, lambda: place.job("restore", tree=place.trees["first"], target=str(target)), after)
    ask(place.job("restore", tree=place.trees["first"], target=str(target)))
    assert os.listdir(target.parent) == ["out"]
    place.assert_whole(tmp_path / "out")


@pytest.mark.long
@pytest.mark.parametrize("count", MODES)
def test_a_clean_up_that_is_killed(place: Place, tmp_path: Path, count: int) -> None:
    seeds = iter(range(100, 10_000))

    def job() -> dict[str, Any]:
        fill(place.live, next(seeds), 0.2)
        found, _ = ask(place.job("take", subject=place.subject()))
        return place.job("collect", live=sorted(place.trees.values()), dead=[found["tree"]])

    def after(done: bool) -> None:
        with Repository(place.store) as repository:
            assert verify(repository) == []
            assert set(place.trees.values()) <= set(repository.trees())

    killed(place, count, job, after)
    place.assert_whole(tmp_path / "out")
    ask(place.job("collect", live=sorted(place.trees.values()), dead=[]))
    assert not list(place.store.glob("*/*.new"))
