"""Whoever puts a link for a directory at the worst moment gains nothing: each moment of an act is tried."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.recover import recover
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback
from parhelia_tui.core.model.errors import ParheliaError


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of the user's with the names that are in the workspace as well."""
    made = tmp_path / "outside"
    for name in ("in/deep", "new", "old", "stays", "comes/deep"):
        (made / name).mkdir(parents=True)
    for name in ("in/f", "in/deep/f", "new/0", "old/0", "stays/f", "f", "0", "1"):
        (made / name).write_text("the user's")
    return made


def look(top: Path) -> dict[str, tuple[int, ...]]:
    """Tell all that there is, with the times of change, so that nothing can be put back unseen."""
    found: dict[str, tuple[int, ...]] = {}
    for path in (top, *sorted(top.rglob("*"))):
        seen = path.lstat()
        found[str(path)] = (seen.st_ino, seen.st_mode, seen.st_uid, seen.st_size, seen.st_ctime_ns)
    return found


@contextmanager
def swapping(monkeypatch: pytest.MonkeyPatch, at: int, outside: Path) -> Iterator[list[str]]:
    """Put a link to `outside` for the directory that is opened as number `at`, right before that."""
    opened: list[str] = []
    real = os.open

    def swap(name: Any, flags: int, *words: Any, **more: Any) -> int:
        if flags & os.O_DIRECTORY and isinstance(name, str) and more.get("dir_fd") is not None:
            opened.append(name)
            if len(opened) == at:
                within = more["dir_fd"]
                with suppress(OSError):
                    os.rename(name, f"{name}.aside", src_dir_fd=within, dst_dir_fd=within)
                    os.symlink(outside, name, dir_fd=within)
        return real(name, flags, *words, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", swap)
        yield opened


def at_each_moment(
    monkeypatch: pytest.MonkeyPatch, outside: Path, act: Callable[[], object], after: Callable[[], object]
) -> int:
    """Do something again and again, with a swap one directory later each time; gives how many there were."""
    before = look(outside)
    at = 0
    while True:
        at += 1
        code = ""
        with swapping(monkeypatch, at, outside) as opened:
            try:
                act()
            except ParheliaError as error:
                code = error.code
        assert code in ("", "E101", "E600"), (at, opened[at - 1])
        assert look(outside) == before, (at, opened[at - 1])
        after()
        if len(opened) < at:
            assert code == ""
            return at


def test_a_restore_writes_nowhere_else(
    repository: Repository, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, place = tmp_path / "ws", tmp_path / "place"
    for name in ("in/deep", "stays"):
        (live / name).mkdir(parents=True)
    for name in ("in/f", "in/deep/f", "stays/f", "f"):
        (live / name).write_text("mine")
    os.link(live / "f", live / "in" / "same")
    (live / "stays").chmod(0o500)
    tree = capture(repository, live).tree

    def again() -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()

    again()
    assert at_each_moment(monkeypatch, outside, lambda: restore(repository, tree, place / "out"), again) > 12


def test_a_rollback_writes_nowhere_else(
    repository: Repository, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, live, journal = tmp_path / "base", tmp_path / "ws", tmp_path / "journal"
    for name in ("in/deep", "stays", "comes/deep"):
        (base / name).mkdir(parents=True)
    for name in ("in/f", "in/deep/f", "stays/f", "f", "comes/deep/f"):
        (base / name).write_text("then")
    os.link(base / "f", base / "in" / "same")
    tree = capture(repository, base).tree
    # As an agent left it: something replaced, gone, new, and a directory where a file was.
    (base / "in" / "f").write_text("now, and longer")
    (base / "in" / "deep" / "f").unlink()
    (base / "in" / "deep").chmod(0o700)
    shutil.rmtree(base / "comes")
    (base / "f").unlink()
    (base / "f" / "deep").mkdir(parents=True)
    (base / "goes" / "deep").mkdir(parents=True)
    (base / "goes" / "deep" / "f").write_text("now")

    def again() -> None:
        with suppress(ParheliaError):
            recover(live, journal)
        journal.unlink(missing_ok=True)
        shutil.rmtree(live, ignore_errors=True)
        shutil.copytree(base, live, symlinks=True)

    again()
    before = look(outside)
    assert at_each_moment(monkeypatch, outside, lambda: rollback(repository, tree, live, journal), again) > 20
    assert look(outside) == before


def test_what_goes_on_after_a_kill_writes_nowhere_else(
    repository: Repository, tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent may have had its workspace for itself since then."""
    base, live, journal = tmp_path / "base", tmp_path / "ws", tmp_path / "journal"
    (base / "in" / "deep").mkdir(parents=True)
    for name in ("in/f", "in/deep/f", "f"):
        (base / name).write_text("then")
    tree = capture(repository, base).tree
    for name in ("in/f", "in/deep/f", "f"):
        (base / name).write_text("now, and longer")

    def cut_off() -> None:
        """Have a rollback that ends before its first rename, as if it had been killed there."""
        journal.unlink(missing_ok=True)
        shutil.rmtree(live, ignore_errors=True)
        shutil.copytree(base, live)
        with monkeypatch.context() as patched:
            patched.setattr("parhelia_tui.core.checkpoints.rollback.apply", _killed)
            with pytest.raises(KeyboardInterrupt):
                rollback(repository, tree, live, journal)

    cut_off()
    assert at_each_moment(monkeypatch, outside, lambda: recover(live, journal), cut_off) > 8


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
