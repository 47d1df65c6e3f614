"""Several processes read a workspace that is new, and make of it what one alone does."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.checkpoints import packs, readers
from parhelia_tui.core.checkpoints.capture import Capture, capture
from parhelia_tui.core.checkpoints.claims import Claims
from parhelia_tui.core.checkpoints.forked import copies
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.statistics import statistics
from parhelia_tui.core.checkpoints.verify import verify
from parhelia_tui.core.model.errors import ParheliaError
from tests.checkpoints.oddities import make_oddities
from tests.checkpoints.strict import differences


@pytest.fixture
def forks(made_forks: list[int], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let every workspace be worth several processes, and give the ids of those that were made."""
    monkeypatch.setattr(readers, "_WORTH", 0)
    return made_forks


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """Directories in directories; what is in `same` is in each of them."""
    top = tmp_path / "ws"
    for number in range(60):
        place = top / f"a{number % 4}" / f"b{number % 12}" / f"c{number}"
        place.mkdir(parents=True)
        (place / "own").write_bytes(os.urandom(2000))
        (place / "same").write_bytes(b"the same everywhere" * 900)
    (top / "a0" / "big").write_bytes(os.urandom(3_000_000) + bytes(2_000_000) + b"end")
    os.link(top / "a1" / "b1" / "c1" / "own", top / "a2" / "b2" / "other name")
    return top


def alone(live: Path, store: Path) -> tuple[Capture, int]:
    """What one process makes of it, and how many objects it stores."""
    with Repository(store) as repository:
        return capture(repository, live), statistics(repository).objects


def idle_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave all parts to copies of this process."""
    mine, real = os.getpid(), readers.Readers._take

    def take(self: readers.Readers, *words: Any) -> Any:
        return real(self, *words) if os.getpid() != mine else ()

    monkeypatch.setattr(readers.Readers, "_take", take)


def test_they_make_what_one_makes(
    repository: Repository, live: Path, tmp_path: Path, forks: list[int]
) -> None:
    made = capture(repository, live, processes=3)
    assert len(forks) == 2
    wanted, objects = alone(live, tmp_path / "fresh")
    assert (made.tree, made.files, made.bytes, made.unsettled) == (
        wanted.tree,
        wanted.files,
        wanted.bytes,
        (),
    )
    assert verify(repository) == []
    # What several of them met is there once; beside it, listings of what two names of one file made new.
    assert statistics(repository).objects - objects <= 8
    restore(repository, made.tree, tmp_path / "out")
    assert differences(live, tmp_path / "out") == []
    # What they saw is known the next time.
    (live / "a3" / "b3" / "c3" / "own").write_text("other")
    again = capture(repository, live, made.tree, processes=3)
    assert again.changed == 1
    assert again.added_bytes < 10_000


def test_what_one_has_claimed_the_others_do_not_store() -> None:
    claims = Claims()
    claims.share()
    names = [os.urandom(32) for _ in range(1000)]
    with copies([lambda: [claims.take(name) for name in names]]) as (there, _):
        assert there[0].result() == [True] * len(names)
    assert not any(claims.take(name) for name in names)
    assert all(claims.take(os.urandom(32)) for _ in names)


def test_every_oddity_is_taken_by_several(repository: Repository, tmp_path: Path, forks: list[int]) -> None:
    make_oddities(tmp_path / "odd")
    made = capture(repository, tmp_path / "odd", processes=3)
    assert len(forks) == 2
    wanted, _ = alone(tmp_path / "odd", tmp_path / "fresh")
    assert (made.tree, made.skipped, made.ignored) == (wanted.tree, wanted.skipped, wanted.ignored)
    restore(repository, made.tree, tmp_path / "out")
    assert differences(tmp_path / "odd", tmp_path / "out") == []


def test_what_is_left_out_is_read_by_none(
    repository: Repository, live: Path, tmp_path: Path, forks: list[int]
) -> None:
    (live / ".parheliaignore").write_text("b1/\n/a2/\n")
    (live / ".parhelia-rollback-x" / "deep").mkdir(parents=True)
    (live / ".parhelia-rollback-x" / "deep" / "file").write_bytes(os.urandom(5000))
    made = capture(repository, live, processes=3)
    assert len(forks) == 2
    wanted, objects = alone(live, tmp_path / "fresh")
    assert (made.tree, made.ignored) == (wanted.tree, wanted.ignored)
    assert statistics(repository).objects - objects <= 8


def while_it_is_read(change: Callable[[Path], object], live: Path) -> Callable[[str, int, int], None]:
    """A `Progress` that changes a workspace the first time that it is told of anything."""
    left = [change]

    def progress(stage: str, done: int, total: int) -> None:
        if left:
            left.pop()(live)

    return progress


def swapped(top: Path) -> None:
    (top / "a1" / "b1").rename(top / "kept")
    (top / "a2" / "b2").rename(top / "a1" / "b1")
    (top / "kept").rename(top / "a2" / "b2")


def written(top: Path) -> None:
    for place in top.glob("*/*/c*"):
        (place / "own").write_text("other")


def linked(top: Path) -> None:
    (top / "a2" / "b2" / "other name").unlink()
    (top / "a1").rename(top.parent / "elsewhere")
    (top / "a1").symlink_to(top.parent / "elsewhere")


@pytest.mark.parametrize("change", [swapped, written, linked])
def test_what_changes_while_they_read_is_taken_again(
    repository: Repository, live: Path, tmp_path: Path, forks: list[int], change: Callable[[Path], object]
) -> None:
    made = capture(repository, live, processes=3, progress=while_it_is_read(change, live))
    assert len(forks) == 2
    restore(repository, made.tree, tmp_path / "out")
    assert differences(live, tmp_path / "out") == []
    assert verify(repository) == []


def test_one_that_dies_is_done_without(
    repository: Repository, live: Path, tmp_path: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = os.fork

    def killed() -> int:
        child = counting()
        if child:
            os.kill(child, signal.SIGKILL)
        return child

    monkeypatch.setattr(os, "fork", killed)
    made = capture(repository, live, processes=3)
    assert len(forks) == 2
    assert made.tree == alone(live, tmp_path / "fresh")[0].tree
    assert verify(repository) == []
    assert not list(repository.root.glob("*/*.new"))


def test_one_that_dies_in_the_middle_takes_nothing_with_it(
    repository: Repository, live: Path, tmp_path: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, real = os.getpid(), packs.PackWriter.close

    def close(self: packs.PackWriter) -> list[str]:
        closed = real(self)
        if os.getpid() != mine:
            # Everything of it is on the disk, and nobody is told.
            os.kill(os.getpid(), signal.SIGKILL)
        return closed

    monkeypatch.setattr(packs.PackWriter, "close", close)
    idle_here(monkeypatch)
    made = capture(repository, live, processes=2)
    assert len(forks) == 1
    assert made.tree == alone(live, tmp_path / "fresh")[0].tree
    assert verify(repository) == []
    assert not list(repository.root.glob("*/*.new"))


def test_a_full_disk_in_another_process_is_told_and_leaves_nothing(
    repository: Repository, live: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, real = os.getpid(), os.write

    def write(file: int, data: Any) -> int:
        if os.getpid() != mine and len(data) > 1000:
            raise OSError(errno.ENOSPC, "no space")
        return real(file, data)

    idle_here(monkeypatch)
    monkeypatch.setattr(os, "write", write)
    with pytest.raises(ParheliaError, match="the disk is full"):
        capture(repository, live, processes=2)
    assert len(forks) == 1
    assert [*repository.root.glob("packs/*"), *repository.root.glob("trees/*")] == []


def test_one_that_is_cancelled_leaves_no_process_and_no_file(
    repository: Repository, live: Path, forks: list[int]
) -> None:
    class Enough(Exception):
        pass

    def progress(stage: str, done: int, total: int) -> None:
        if forks:
            raise Enough

    with pytest.raises(Enough):
        capture(repository, live, progress=progress, processes=3)
    assert len(forks) == 2
    assert [*repository.root.glob("packs/*"), *repository.root.glob("trees/*")] == []


def test_without_room_for_another_process_all_is_done_here(
    repository: Repository, live: Path, tmp_path: Path, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> int:
        raise BlockingIOError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(os, "fork", refused)
    made = capture(repository, live, processes=3)
    assert made.tree == alone(live, tmp_path / "fresh")[0].tree


def test_a_small_workspace_is_read_by_one(
    repository: Repository, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fork() -> int:
        raise AssertionError("another process was made")

    monkeypatch.setattr(os, "fork", fork)
    assert capture(repository, live / "a0", processes=3).files == 31
