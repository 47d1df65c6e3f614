"""What differs from the last commit, with a repository that wants to run things."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from parhelia_tui.core.checkpoints.git_changes import committed, since_commit


def git(where: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words],
        cwd=where,
        check=True,
        capture_output=True,
    )


def test_changes_are_named_and_nothing_of_the_repository_runs(tmp_path: Path) -> None:
    place = tmp_path / "made"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    for name in ("kept", "changed", "gone", "a name"):
        (place / name).write_text(f"{name}\n")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "first")
    ran = tmp_path / "ran"
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "core.sshCommand", "core.pager"):
        git(place, "config", key, f"touch {ran}")
    (place / ".gitattributes").write_text("* filter=evil\n")
    (place / "changed").write_text("other\n")
    (place / "gone").unlink()
    (place / "new").mkdir()
    (place / "new" / "file").write_text("new\n")
    (place / "a name").write_text("a name\nmore\n")
    found = since_commit(place)
    assert found is not None
    assert {each.path: each.sign for each in found.changes} == {
        ".gitattributes": "A",
        "a name": "M",
        "changed": "M",
        "gone": "D",
        "new/file": "A",
    }
    contents = {each.path: each.content for each in found.changes}
    assert committed(place, contents["changed"], 100) == b"changed\n"
    assert committed(place, contents["gone"], 3) == b"gon"
    assert not ran.exists()


def test_a_change_of_the_same_size_in_the_second_of_the_commit_is_seen(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    file = tmp_path / "file"
    file.write_text("one\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    # As if all of it had been in one second: the look is later than that.
    moment = 1_700_000_000 * 10**9
    os.utime(file, ns=(moment, moment))
    git(tmp_path, "update-index", "--refresh")
    os.utime(tmp_path / ".git" / "index", ns=(moment, moment))
    with file.open("r+") as opened:
        opened.write("two\n")
    os.utime(file, ns=(moment, moment))
    found = since_commit(tmp_path)
    assert found is not None
    assert [each.path for each in found.changes] == ["file"]


def test_without_a_commit_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    assert since_commit(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert since_commit(tmp_path) is None


def test_an_object_that_is_a_pipe_holds_nobody_up(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    name = "ab" + "c" * 38
    (tmp_path / ".git" / "objects" / name[:2]).mkdir()
    os.mkfifo(tmp_path / ".git" / "objects" / name[:2] / name[2:])
    begin = time.monotonic()
    assert committed(tmp_path, name, 100, timeout_s=0.2) == b""
    assert time.monotonic() - begin < 10
