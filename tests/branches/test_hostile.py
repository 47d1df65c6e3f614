"""A workspace that wants to run things here, to be read elsewhere, or to get into the user's own `.git`."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from parhelia_tui.core.branches.commit import deliver
from parhelia_tui.core.branches.git import private
from parhelia_tui.core.branches.repository import repository_of
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import TaskState
from tests.branches.conftest import BRANCH, TASK, Pair
from tests.support.git import git

PROGRAMS = (
    "core.fsmonitor",
    "core.sshCommand",
    "core.pager",
    "core.editor",
    "core.alternateRefsCommand",
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "diff.evil.textconv",
    "diff.external",
    "merge.evil.driver",
    "gpg.program",
    "credential.helper",
    "uploadpack.packObjectsHook",
    "alias.rev-parse",
    "pager.rev-parse",
)


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a file when it runs."""
    script = tmp_path / "trap"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    script.chmod(0o755)
    return script


def arm(place: Path, trap: Path) -> None:
    """Let a repository's configuration and hooks name the trap wherever a program can stand."""
    for key in PROGRAMS:
        git(place, "config", key, str(trap))
    git(place, "config", "commit.gpgSign", "true")
    hooks = place / ".git" / "hooks"
    shutil.rmtree(hooks, ignore_errors=True)
    hooks.mkdir()
    for name in ("reference-transaction", "post-index-change", "pre-commit", "post-checkout", "pre-auto-gc"):
        shutil.copy(trap, hooks / name)
    (place / ".git" / "info").mkdir(exist_ok=True)


def test_nothing_that_a_repository_names_runs(pair: Pair, trap: Path) -> None:
    arm(pair.repository, trap)
    (pair.repository / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    (pair.repository / "src" / "code.py").write_text("own\n")
    # Also what looks at the user's files before a task begins.
    pair.store(state=TaskState.COMPLETED)
    (pair.copy / "new").write_text("new\n")
    made = pair.ask()
    assert (made["outcome"], made["untouched"]) == ("created", [".gitattributes", "src/code.py"])
    (pair.copy / "new").write_text("newer\n")
    assert pair.bring().outcome == "updated"
    with closing(pair.product.client()) as door, pytest.raises(ParheliaError, match="not committed"):
        door.merges.merge(door.task(TASK), "", "", print)
    assert not trap.with_name("ran").exists()
    shutil.rmtree(pair.repository / ".git" / "hooks")
    assert git(pair.repository, "show", f"{BRANCH}:new") == "newer\n"


def test_a_git_directory_that_leads_elsewhere_is_not_looked_at(pair: Pair, tmp_path: Path) -> None:
    pair.store()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(pair.repository, elsewhere)
    (elsewhere / "secret").write_text("secret\n")
    git(elsewhere, "add", ".")
    git(elsewhere, "commit", "-q", "-m", "secret")
    (pair.copy / "new").write_text("new\n")
    start = git(pair.repository, "rev-parse", "main").strip()
    for turn in ("file", "link", "alternates"):
        if turn == "alternates":
            (pair.copy / ".git").unlink()
            shutil.copytree(pair.repository / ".git", pair.copy / ".git")
            (pair.copy / ".git" / "objects" / "info" / "alternates").write_text(f"{elsewhere}/.git/objects\n")
            (pair.copy / ".git" / "HEAD").write_text(git(elsewhere, "rev-parse", "HEAD"))
            (pair.copy / ".git" / "refs" / "heads" / "-x;y").write_text("../../../etc/passwd\n")
        else:
            shutil.rmtree(pair.copy / ".git") if turn == "file" else (pair.copy / ".git").unlink()
            if turn == "file":
                (pair.copy / ".git").write_text(f"gitdir: {elsewhere}/.git\n")
            else:
                (pair.copy / ".git").symlink_to(elsewhere / ".git")
        made = pair.bring(turn)
        assert (made.start, made.added) == (start, ("new",)), turn
        assert "secret" not in pair.files(turn)


def test_links_are_kept_as_links_and_never_followed(pair: Pair, tmp_path: Path) -> None:
    pair.store()
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "code.py").write_text("secret\n")
    shutil.rmtree(pair.copy / "src")
    (pair.copy / "src").symlink_to(secret)
    (pair.copy / "up").symlink_to("../../secret/code.py")
    (pair.copy / "gone.py").unlink()
    (pair.copy / "gone.py").symlink_to("run")
    (pair.copy / "endless").symlink_to("endless")
    made = pair.bring()
    assert (made.added, made.changed) == (("endless", "src", "up"), ("gone.py",))
    assert made.deleted == ("src/code.py",)
    assert sorted(made.links_out) == ["src", "up"]
    listed = git(pair.repository, "ls-tree", "-r", BRANCH)
    assert listed.count("120000") == 4
    assert git(pair.repository, "show", f"{BRANCH}:src") == str(secret)
    assert "Links that lead out" in pair.product.run("task", "results", "t-0000000a", "--branch").stdout


def test_names_that_some_system_takes_for_gits_own_do_not_get_in(pair: Pair) -> None:
    pair.store()
    names = (".GIT", "git~1", ".g\u200cit", ".git ", ".git.", ".git::$INDEX_ALLOCATION", "x\\.git", "GIT~2")
    for name in names:
        (pair.copy / name).mkdir()
        (pair.copy / name / "config").write_text("[core]\n\tfsmonitor = evil\n")
    (pair.copy / "deep" / ".git" / "hooks").mkdir(parents=True)
    (pair.copy / "deep" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (pair.copy / "deep" / "kept").write_text("kept\n")
    (pair.copy / ".gitmodules").write_text('[submodule "a"]\n\tpath = a\n\turl = -u./evil\n')
    (pair.copy / ".GitAttributes").symlink_to("run")
    made = pair.bring()
    assert made.added == ("deep/kept",)
    left = {each.path: each.why for each in made.left_out}
    assert set(left) == {*names, "deep/.git", ".gitmodules", ".GitAttributes"}
    assert left[".GIT"] == "git keeps this name for itself"
    assert pair.files() == {".gitignore", "gone.py", "run", "src/code.py", "deep/kept"}


@pytest.mark.parametrize("path", [".git/config", ".GIT/x", "git~1", ".g\u200cit/x", "a/../x"])
def test_git_itself_refuses_such_names_on_the_way_to_the_users_objects(pair: Pair, path: str) -> None:
    repository = repository_of(pair.repository)
    assert repository is not None
    start = git(pair.repository, "rev-parse", "HEAD").strip()
    who = "committer a <a@b> 1 +0000\ndata 1\nx"
    with private(repository) as ours:
        stream = f'commit refs/heads/made\n{who}\nfrom {start}\nM 100644 inline "{path}"\ndata 1\nx\n\ndone\n'
        ours.git.run("fast-import", "--quiet", "--done", given=stream.encode())
        made = ours.git.run("rev-parse", "refs/heads/made").decode().strip()
        with pytest.raises(ParheliaError, match="fsck error"):
            deliver(ours.git, ours.theirs, made, [start], ours.tree)
    assert not list((pair.repository / ".git" / "objects" / "pack").iterdir())


def test_what_is_no_file_or_far_too_large_is_left_as_it_was(pair: Pair) -> None:
    pair.store()
    (pair.copy / "gone.py").unlink()
    os.mkfifo(pair.copy / "gone.py")
    with (pair.copy / "src" / "code.py").open("wb") as file:
        file.truncate((100 << 20) + 1)
    (pair.copy / "new").write_text("new\n")
    here = os.open(pair.copy, os.O_RDONLY)
    for _ in range(40):
        os.mkdir("d" * 250, dir_fd=here)
        here, above = os.open("d" * 250, os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    made = pair.bring()
    assert (made.added, made.changed, made.deleted) == (("new",), (), ())
    left = {each.path: each.why for each in made.left_out}
    assert [left.pop(path) for path in [*left] if path.startswith("ddd")] == ["its path is too long"]
    assert left == {
        "gone.py": "no file",
        "src/code.py": "more than 100 MB",
    }
    assert git(pair.repository, "show", f"{BRANCH}:gone.py") == "gone\n"


def test_submodules_stay_as_they_were(pair: Pair, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(pair.repository, other)
    git(
        pair.repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "part"
    )
    git(pair.repository, "commit", "-q", "-m", "part")
    pair.store()
    was = git(pair.repository, "ls-tree", "main", "part")
    (pair.copy / "part" / ".git").unlink()
    (pair.copy / "part" / ".git").write_text("gitdir: /etc\n")
    (pair.copy / "part" / "run").write_text("changed\n")
    (pair.copy / "new").write_text("new\n")
    assert pair.bring().added == ("new",)
    assert git(pair.repository, "ls-tree", BRANCH, "part") == was
