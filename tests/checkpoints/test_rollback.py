"""A rollback makes a live workspace what the checkpoint has, and touches nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback
from parhelia_tui.core.model.errors import ParheliaError
from tests.checkpoints.oddities import make_oddities, vandalise
from tests.checkpoints.strict import differences


def test_a_vandalised_workspace_is_as_it_was(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    make_oddities(live)
    made = capture(repository, live)
    restore(repository, made.tree, tmp_path / "wanted")
    vandalise(live)
    assert differences(tmp_path / "wanted", live)
    rollback(repository, made.tree, live, tmp_path / "journal")
    assert differences(tmp_path / "wanted", live) == []
    assert not (tmp_path / "journal").exists()
    assert capture(repository, live, made.tree).changed == 0


def test_what_is_identical_is_not_touched(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    (live / "a" / "b").mkdir(parents=True)
    (live / "a" / "same").write_text("same")
    (live / "a" / "b" / "changes").write_text("before")
    made = capture(repository, live)
    before = os.stat(live / "a" / "same")
    (live / "a" / "b" / "changes").write_text("after!")
    (live / "a" / "new").write_text("new")
    done = rollback(repository, made.tree, live, tmp_path / "journal")
    after = os.stat(live / "a" / "same")
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    assert (done.created, done.replaced, done.removed, done.kept) == (0, 1, 1, ())
    assert (live / "a" / "b" / "changes").read_text() == "before"
    again = rollback(repository, made.tree, live, tmp_path / "journal")
    assert (again.created, again.replaced, again.removed) == (0, 0, 0)


def test_what_the_rules_leave_out_stays(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    (live / "data").mkdir(parents=True)
    (live / ".parheliaignore").write_text("data/\n")
    (live / "file").write_text("one")
    made = capture(repository, live)
    assert made.ignored == 1
    (live / "data" / "big").write_text("precious")
    (live / "new" / "deep").mkdir(parents=True)
    (live / "new" / "other").write_text("goes")
    (live / "new" / "deep" / "cache").write_text("precious too")
    # Left out now: no safety checkpoint has it. Left out then: nothing could bring it back.
    (live / ".parheliaignore").write_text("cache\n")
    done = rollback(repository, made.tree, live, tmp_path / "journal")
    assert (live / "data" / "big").read_text() == "precious"
    assert (live / "new" / "deep" / "cache").read_text() == "precious too"
    assert not (live / "new" / "other").exists()
    assert (live / ".parheliaignore").read_text() == "data/\n"
    assert done.kept == ("new/deep/cache",)


def test_a_link_put_for_a_directory_leads_nowhere(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    (live / "src").mkdir(parents=True)
    (live / "src" / "file").write_text("mine")
    made = capture(repository, live)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("not mine")
    (outside / "other").write_text("not mine")
    shutil.rmtree(live / "src")
    (live / "src").symlink_to(outside)
    second = capture(repository, live, made.tree)
    assert second.files == 1
    rollback(repository, made.tree, live, tmp_path / "journal")
    assert (live / "src" / "file").read_text() == "mine"
    assert not (live / "src").is_symlink()
    assert sorted(os.listdir(outside)) == ["file", "other"]
    assert (outside / "file").read_text() == "not mine"
    rollback(repository, second.tree, live, tmp_path / "journal")
    assert (live / "src").is_symlink()
    assert (outside / "file").read_text() == "not mine"


def test_names_of_one_file_become_one_file_again(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    (live / "d").mkdir(parents=True)
    (live / "a").write_text("one file")
    os.link(live / "a", live / "b")
    os.link(live / "a", live / "d" / "c")
    made = capture(repository, live)
    restore(repository, made.tree, tmp_path / "wanted")
    (live / "d" / "c").unlink()
    (live / "b").unlink()
    (live / "b").write_text("another")
    rollback(repository, made.tree, live, tmp_path / "journal")
    assert differences(tmp_path / "wanted", live) == []


def test_a_second_rollback_waits_for_the_first_to_be_finished(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    made = capture(repository, live)
    (tmp_path / "journal").write_text("{}")
    with pytest.raises(ParheliaError, match="E600"):
        rollback(repository, made.tree, live, tmp_path / "journal")
