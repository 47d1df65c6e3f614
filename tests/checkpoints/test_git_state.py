"""The git state is told, and nothing of what a hostile repository asks for is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints.git_state import GitState, git_state


def git(where: Path, *words: str) -> str:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(where),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    done = subprocess.run(["git", *words], cwd=where, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    made = tmp_path / "ws"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    for name in ("one", "two", "three"):
        (made / name).write_text(name)
    git(made, "add", ".")
    git(made, "commit", "-qm", "first")
    return made


def test_head_branch_changes_and_stashes(work: Path) -> None:
    (work / "one").write_text("stashed")
    git(work, "stash")
    (work / "one").write_text("staged")
    git(work, "add", "one")
    (work / "two").write_text("unstaged")
    (work / "three").unlink()
    (work / "new").write_text("untracked")
    assert git_state(work, timeout_s=120) == GitState(git(work, "rev-parse", "HEAD"), "main", 1, 2, 1, 0, 1)


def test_packed_refs_a_detached_head_and_no_commit(work: Path, tmp_path: Path) -> None:
    git(work, "checkout", "-q", "-b", "feature/deep")
    git(work, "pack-refs", "--all")
    head = git(work, "rev-parse", "HEAD")
    assert git_state(work, timeout_s=120) == GitState(head, "feature/deep", 0, 0, 0, 0, 0)
    git(work, "checkout", "-q", "--detach")
    assert git_state(work, timeout_s=120) == GitState(head, None, 0, 0, 0, 0, 0)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert git_state(empty, timeout_s=120) is None
    git(empty, "init", "-q", "-b", "trunk")
    assert git_state(empty, timeout_s=120) == GitState(None, "trunk", 0, 0, 0, 0, 0)


def test_nothing_that_the_repository_configures_is_run(work: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho $0 >> {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "filter.bad.clean", "filter.bad.process", "core.pager", "core.sshCommand"):
        git(work, "config", key, str(trap))
    git(work, "config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for name in ("post-index-change", "fsmonitor-watchman"):
        (tmp_path / "hooks" / name).symlink_to(trap)
    (work / ".gitattributes").write_text("* filter=bad diff=bad\n")
    (work / "one").write_text("changed")
    os.utime(work / "two")
    found = git_state(work, timeout_s=120)
    assert found is not None
    assert (found.unstaged, found.untracked) == (1, 1)
    assert not (tmp_path / "sprung").exists()


def test_a_repository_elsewhere_is_not_followed(work: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / ".git").write_text(f"gitdir: {work}/.git\n")
    assert git_state(other, timeout_s=120) is None
    (other / ".git").unlink()
    (other / ".git").symlink_to(work / ".git")
    assert git_state(other, timeout_s=120) is None


def test_a_broken_repository_is_told_of_without_counts(work: Path) -> None:
    (work / ".git" / "index").write_bytes(b"no index")
    found = git_state(work, timeout_s=120)
    assert found is not None
    assert (found.branch, found.staged) == ("main", None)
