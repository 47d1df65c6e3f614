"""Several processes find, and write, what one alone does."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.checkpoints import build, making, scouts
from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback
from parhelia_tui.core.model.errors import ParheliaError
from tests.checkpoints.oddities import make_oddities
from tests.checkpoints.strict import differences

Forks = list[int]


@pytest.fixture
def forks(made_forks: Forks, monkeypatch: pytest.MonkeyPatch) -> Forks:
    """Let every walk be worth several processes, and give the ids of those that were made."""
    monkeypatch.setattr(scouts, "_WORTH", 0)
    return made_forks


@pytest.fixture
def live(tmp_path: Path) -> Path:
    top = tmp_path / "ws"
    for number in range(60):
        place = top / f"a{number % 4}" / f"b{number % 12}" / f"c{number}"
        place.mkdir(parents=True)
        for name in range(5):
            (place / f"f{name}").write_text(f"{number} {name}")
    return top


def replaced_by_a_link(top: Path) -> None:
    (top / "a1").rename(top.parent / "elsewhere")
    (top / "a1").symlink_to(top.parent / "elsewhere")


def exchanged(top: Path) -> None:
    (top / "a1" / "b1" / "c1").rename(top / "kept")
    (top / "a2" / "b2" / "c2").rename(top / "a1" / "b1" / "c1")
    (top / "kept").rename(top / "a2" / "b2" / "c2")


def in_every_directory(top: Path) -> None:
    for place in top.glob("*/*/c*"):
        (place / "f1").write_text("other")


def all_gone(top: Path) -> None:
    for each in top.iterdir():
        shutil.rmtree(each)


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda top: None,
    "a file": lambda top: (top / "a3" / "b3" / "c3" / "f1").write_text("other"),
    "a file in every directory": in_every_directory,
    "a new directory": lambda top: (top / "a0" / "new" / "newer").mkdir(parents=True),
    "a whole directory gone": lambda top: shutil.rmtree(top / "a1"),
    "all gone": all_gone,
    "a directory that is a link now": replaced_by_a_link,
    "two directories exchanged": exchanged,
    "only a mode": lambda top: (top / "a2" / "b2").chmod(0o700),
    "the top": lambda top: (top / "at the top").touch(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_several_processes_find_what_changed(
    repository: Repository, live: Path, tmp_path: Path, forks: Forks, change: Callable[[Path], object]
) -> None:
    first = capture(repository, live)
    change(live)
    made = capture(repository, live, first.tree, processes=3)
    assert len(forks) == 2
    with Repository(tmp_path / "fresh") as fresh:
        assert capture(fresh, live).tree == made.tree
    assert capture(repository, live, made.tree, processes=3).changed == 0


def test_what_changes_after_they_have_looked_is_taken_again(
    repository: Repository, live: Path, tmp_path: Path, forks: Forks
) -> None:
    first = capture(repository, live)

    @contextmanager
    def pause() -> Iterator[None]:
        in_every_directory(live)
        yield

    made = capture(repository, live, first.tree, pause=pause, processes=3)
    assert len(forks) == 2
    assert (made.changed, made.watched) == (60, True)
    restore(repository, made.tree, tmp_path / "out")
    assert differences(live, tmp_path / "out") == []


def test_a_rollback_with_several_processes(
    repository: Repository, live: Path, tmp_path: Path, forks: Forks
) -> None:
    first = capture(repository, live)
    restore(repository, first.tree, tmp_path / "then")
    choose = random.Random(3)
    for place in choose.sample(sorted(live.glob("*/*/c*")), 20):
        shutil.rmtree(place)
    rollback(repository, first.tree, live, tmp_path / "journal", processes=3)
    assert len(forks) == 2
    assert differences(tmp_path / "then", live) == []


def test_what_one_process_keeps_in_mind_is_not_trusted_after_another_one(
    repository: Repository, live: Path
) -> None:
    first = capture(repository, live)
    (live / "a0" / "b0" / "c0" / "f0").write_text("second")
    with Repository(repository.root) as another:
        second = capture(another, live)
    (live / "a0" / "b0" / "c0" / "f0").write_text("0 0")
    third = capture(repository, live, second.tree)
    assert (second.changed, third.changed) == (first.files, 1)


def test_a_process_that_dies_is_done_without(
    repository: Repository, live: Path, forks: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = capture(repository, live)
    (live / "a0" / "b0" / "c0" / "f0").write_text("other")
    counting = os.fork

    def killed() -> int:
        child = counting()
        if child:
            os.kill(child, signal.SIGKILL)
        return child

    monkeypatch.setattr(os, "fork", killed)
    assert capture(repository, live, first.tree, processes=3).changed == 1
    assert len(forks) == 2


def test_one_that_is_cancelled_leaves_no_process(repository: Repository, live: Path, forks: Forks) -> None:
    capture(repository, live)

    class Enough(Exception):
        pass

    def progress(stage: str, done: int, total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        capture(repository, live, progress=progress, processes=3)
    assert len(forks) == 2


def test_without_room_for_another_process_all_is_done_here(
    repository: Repository, live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> int:
        raise BlockingIOError(11, "no more processes")

    monkeypatch.setattr(scouts, "_WORTH", 0)
    monkeypatch.setattr(build, "_WORTH", 0)
    monkeypatch.setattr(os, "fork", refused)
    first = capture(repository, live, processes=3)
    (live / "a0" / "b0" / "c0" / "f0").write_text("other")
    second = capture(repository, live, first.tree, processes=3)
    assert second.changed == 1
    restore(repository, second.tree, tmp_path / "out", processes=3)
    assert differences(live, tmp_path / "out") == []


@pytest.mark.parametrize("processes", [1, 3])
def test_every_oddity_comes_back_from_several_hands(
    repository: Repository, tmp_path: Path, forks: Forks, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(build, "_WORTH", 0)
    make_oddities(tmp_path / "odd")
    made = capture(repository, tmp_path / "odd")
    restore(repository, made.tree, tmp_path / "out", processes=processes)
    assert len(forks) == processes - 1
    assert differences(tmp_path / "odd", tmp_path / "out") == []


def test_what_fails_in_another_process_is_told_and_leaves_nothing(
    repository: Repository, live: Path, tmp_path: Path, forks: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = capture(repository, live)
    mine, real = os.getpid(), making.make

    def make(*words: Any, **more: Any) -> str:
        if os.getpid() != mine:
            raise OSError(errno.ENOSPC, "no space")
        return real(*words, **more)

    monkeypatch.setattr(build, "_WORTH", 0)
    monkeypatch.setattr(build, "make", make)
    with pytest.raises(ParheliaError, match="the disk is full"):
        restore(repository, made.tree, tmp_path / "out", processes=3)
    assert len(forks) == 2
    assert not list(tmp_path.glob(".parhelia-*"))
    assert not (tmp_path / "out").exists()
