"""The git state of a workspace, read without running anything that its repository asks for.

A repository configures programs: fsmonitor, hooks, filters (`git status` runs `filter.*.clean`), commands that fetch
missing objects. So git never reads the workspace's configuration: it gets a directory of ours as its own, with a
configuration of ours, a copy of the index, and the workspace's objects. HEAD, refs and the stash are read here.
Source: git(1), gitrepository-layout(5), gitattributes(5).
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints.files import descriptor, open_below, read_whole
from parhelia_tui.core.checkpoints.workspace import open_workspace

_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = "ref: refs/heads/"
_SMALL = 4 << 10
_REFS_LIMIT = 32 << 20
_INDEX_LIMIT = 256 << 20
_STATUS = (
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=normal",
    "--ignore-submodules=all",
    "--no-renames",
)


_Counts = tuple[int | None, int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class GitState:
    """What git says about a workspace.

    Attributes:
        head: name of the commit; None before the first one.
        branch: None when HEAD is detached.
        staged, unstaged, untracked, conflicts: how many paths; None when git could not tell.
        stashes: how many.
    """

    head: str | None
    branch: str | None
    staged: int | None
    unstaged: int | None
    untracked: int | None
    conflicts: int | None
    stashes: int


def git_state(workspace: Path, timeout_s: float = 10.0) -> GitState | None:
    """Read the git state of a workspace.

    Args:
        workspace: its top; the repository's `.git` must be a directory there. One outside (a linked worktree, a
            submodule) is not followed: where it leads is what the agent says.
        timeout_s: for counting changes.

    Returns:
        None when there is no repository.

    Raises:
        ParheliaError: E204 when the workspace cannot be opened.
    """
    workspace = Path(os.path.abspath(workspace))
    with open_workspace(workspace) as opened:
        try:
            inside = open_below(opened, ".git")
        except OSError:
            return None
        with descriptor(inside):
            told = _read(inside, "HEAD", _SMALL)
            if told is None:
                return None
            text = os.fsdecode(told).strip()
            branch = text.removeprefix(_BRANCH) if text.startswith(_BRANCH) else None
            head = _resolve(inside, f"refs/heads/{branch}") if branch is not None else _name(text)
            stashes = (_read(inside, "logs/refs/stash", _REFS_LIMIT) or b"").count(b"\n")
            index = _read(inside, "index", _INDEX_LIMIT)
            with _private(head, index) as git:
                counts = _count(git, inside, opened, timeout_s)
    return GitState(head, branch, *counts, stashes)


def _read(opened: int, path: str, limit: int) -> bytes | None:
    above, _, name = path.rpartition("/")
    try:
        with descriptor(open_below(opened, above)) as inside:
            return read_whole(inside, name, limit)
    except (OSError, ValueError):
        return None


def _name(text: str) -> str | None:
    return text if _NAME.fullmatch(text) else None


def _resolve(opened: int, ref: str) -> str | None:
    parts = ref.split("/")
    if "" in parts or "." in parts or ".." in parts:
        return None
    loose = _read(opened, ref, _SMALL)
    if loose is not None:
        return _name(os.fsdecode(loose).strip())
    for line in (_read(opened, "packed-refs", _REFS_LIMIT) or b"").splitlines():
        name, _, packed = os.fsdecode(line).partition(" ")
        if packed == ref:
            return _name(name)
    return None


@contextmanager
def _private(head: str | None, index: bytes | None) -> Iterator[Path]:
    """Make a git directory of ours that stands for the workspace's; it goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="parhelia-git-") as name:
        git = Path(name)
        for each in ("refs", "objects"):
            (git / each).mkdir()
        long = head is not None and len(head) == 64
        extension = "\n[extensions]\n\tobjectformat = sha256" if long else ""
        (git / "config").write_text(
            f"[core]\n\trepositoryformatversion = {int(long)}\n\tbare = false{extension}\n"
        )
        (git / "HEAD").write_text(f"{head or 'ref: refs/heads/none'}\n")
        if index is not None:
            (git / "index").write_bytes(index)
        yield git


def _count(git: Path, repository: int, workspace: int, timeout_s: float) -> _Counts:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(git),
        "LC_ALL": "C",
        "GIT_DIR": str(git),
        # By descriptor: the names that lead there may have changed.
        "GIT_WORK_TREE": f"/proc/self/fd/{workspace}",
        "GIT_OBJECT_DIRECTORY": f"/proc/self/fd/{repository}/objects",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
    }
    command = ("git", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", *_STATUS)
    staged = unstaged = untracked = conflicts = 0
    try:
        running = subprocess.Popen(
            command,
            env=environment,
            cwd=f"/proc/self/fd/{workspace}",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(workspace, repository),
        )
    except OSError:
        # git is not there: the rest can be told without it.
        return None, None, None, None
    timer = threading.Timer(timeout_s, running.kill)
    timer.start()
    try:
        for line in _lines(running):
            if line[:1] == b"?":
                untracked += 1
            elif line[:1] == b"u":
                conflicts += 1
            elif line[:1] == b"1":
                staged += line[2:3] != b"."
                unstaged += line[3:4] != b"."
    finally:
        timer.cancel()
        timer.join()
        running.kill()
        failed = running.wait() != 0
        if running.stdout is not None:
            running.stdout.close()
    return (None, None, None, None) if failed else (staged, unstaged, untracked, conflicts)


def _lines(running: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Give what git says, record by record: a workspace may have millions of names."""
    assert running.stdout is not None
    rest = b""
    while part := running.stdout.read(1 << 16):
        *whole, rest = (rest + part).split(b"\0")
        yield from whole
    running.wait()
