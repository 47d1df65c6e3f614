"""kill -9 at random moments of create, restore, rollback and gc, by the installed command over a running container.

What is killed is the controller, with the worker that dies with it, and every other time the command as well; of a
restore, which the command does itself, the command. A hundred moments of each kind: several tests share them, each with
a product of its own, so that workers take them at once. What each of them does follows from its number.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.verify import verify
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import CheckpointState, TaskState
from tests.checkpoints.strict import differences
from tests.support.fleet import RELEASE, create, kill_controller, reach
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

SHARES = range(4)
MANY = 25
"""Moments of one share."""

FILES = 150


@dataclass
class Work:
    """A running task with two checkpoints, and both as they have to come back."""

    product: Product
    client: Client
    place: Path
    out: Path
    task_id: str
    choose: random.Random
    marks: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, Path] = field(default_factory=dict)

    def fill(self, share: float) -> None:
        """Write a share of the files anew."""
        for number in range(FILES):
            place = self.place / f"d{number % 20}"
            place.mkdir(exist_ok=True)
            if self.choose.random() < share:
                (place / f"f{number}").write_bytes(self.choose.randbytes(self.choose.randrange(6000)))

    def take(self) -> str:
        """Take a checkpoint by command, and give its id."""
        return str(self.product.json("checkpoint", "create", self.task_id)["id"])

    def killed(self, words: tuple[str, ...], whole_s: float) -> None:
        """Run a command, kill the controller at some moment, every other time the command too, and let all settle."""
        command = self.product.start(*words)
        # The moment is the point of it: nothing is waited for.
        time.sleep(self.choose.uniform(0.1, 1.05) * whole_s)
        if self.choose.random() < 0.5:
            command.kill()
        kill_controller(self.product)
        self.client.ensure_controller()
        command.communicate(timeout=120)
        wait_until(self.settled, 120)

    def settled(self) -> bool:
        """Nothing is wished or under way any more."""
        with closing(sqlite3.connect(self.product.paths.database)) as db:
            waiting = db.execute("SELECT count(*) FROM intents WHERE state = 'pending'").fetchone()[0]
        journals = self.product.paths.checkpoints / "journals"
        under_way = any(
            each.state in (CheckpointState.PENDING, CheckpointState.CREATING)
            for each in self.client.checkpoints.of()
        )
        return not waiting and not under_way and not (journals.is_dir() and any(journals.iterdir()))

    def assert_verified(self) -> None:
        """The store is whole."""
        with Repository(self.product.paths.checkpoints) as store:
            assert verify(store) == []

    def assert_whole(self) -> None:
        """The store says so itself, the two older checkpoints come back bit for bit, and the work went on."""
        done = self.product.run("checkpoint", "verify")
        assert done.returncode == 0, done.stdout
        for name, mark in self.marks.items():
            self.product.json("checkpoint", "restore", mark, str(self.out / "again"))
            assert differences(self.wanted[name], self.out / "again") == []
            shutil.rmtree(self.out / "again")
        assert self.client.task(self.task_id).state is TaskState.RUNNING


@pytest.fixture(params=SHARES, ids=lambda number: f"share {number}")
def work(
    product: Product, client: Client, place: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Work:
    task = create(client, RELEASE, place)
    reach(client, task.id, TaskState.RUNNING)
    made = Work(product, client, place, tmp_path / "out", task.id, random.Random(request.node.name))
    made.out.mkdir()
    for name, share in (("first", 1.0), ("second", 0.3)):
        made.fill(share)
        made.marks[name] = made.take()
        product.json("checkpoint", "protect", made.marks[name])
        made.wanted[name] = tmp_path / name
        subprocess.run(["cp", "-a", place, made.wanted[name]], check=True)
    return made


def seconds(act: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.monotonic()
    act()
    return time.monotonic() - began


def test_a_checkpoint_that_is_killed(work: Work) -> None:
    whole_s = seconds(work.take)
    for _ in range(MANY):
        work.fill(0.4)
        work.killed(("checkpoint", "create", work.task_id), whole_s)
        work.assert_verified()
    last = work.take()
    work.product.json("checkpoint", "restore", last, str(work.out / "last"))
    assert differences(work.place, work.out / "last") == []
    work.assert_whole()


def test_a_rollback_that_is_killed(work: Work) -> None:
    names = ["first", "second"]
    whole_s = seconds(lambda: work.product.json("checkpoint", "rollback", work.marks["first"], "--yes"))
    seen = set()
    for number in range(MANY):
        target = names[(number + 1) % 2]
        work.killed(("checkpoint", "rollback", work.marks[target], "--yes"), whole_s)
        left = {name: differences(work.wanted[name], work.place) for name in names}
        assert [] in left.values(), {name: found[:5] for name, found in left.items()}
        seen.add(left[target] == [])
    assert True in seen
    work.assert_whole()


def test_a_clean_up_that_is_killed(work: Work) -> None:
    def dead() -> None:
        work.fill(0.3)
        wanted = work.client.checkpoints.create(work.client.task(work.task_id))
        assert work.client.checkpoints.wait(wanted.id, lambda _: None)
        work.client.checkpoints.delete(wanted.id)

    dead()
    whole_s = seconds(lambda: work.product.json("checkpoint", "gc"))
    for _ in range(MANY):
        dead()
        work.killed(("checkpoint", "gc"), whole_s)
        work.assert_verified()
    work.product.json("checkpoint", "gc")
    assert not list(work.product.paths.checkpoints.glob("*/*.new"))
    work.assert_whole()


def test_a_restore_that_is_killed(work: Work) -> None:
    target = work.out / "then"
    words = ("checkpoint", "restore", work.marks["first"], str(target))
    whole_s = seconds(lambda: work.product.json(*words))
    shutil.rmtree(target)
    for _ in range(MANY):
        command = work.product.start(*words)
        time.sleep(work.choose.uniform(0.1, 1.05) * whole_s)
        command.kill()
        command.communicate(timeout=60)
        if target.exists():
            assert differences(work.wanted["first"], target) == []
            shutil.rmtree(target)
        for left in work.out.iterdir():
            # Old enough that the next one knows that nobody works on it.
            os.utime(left, (0, 0))
        assert len(list(work.out.iterdir())) <= 1
    work.product.json(*words)
    assert list(work.out.iterdir()) == [target]
    shutil.rmtree(target)
    work.assert_whole()
