"""The git state of a workspace, read without running anything that its repository asks for."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints.files import descriptor, open_below
from parhelia_tui.core.checkpoints.private_git import (
    REFS_LIMIT,
    head_of,
    index_of,
    private,
    read,
    records,
    start,
)
from parhelia_tui.core.checkpoints.workspace import open_workspace

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
            found = head_of(inside)
            if found is None:
                return None
            head, branch = found
            stashes = (read(inside, "logs/refs/stash", REFS_LIMIT) or b"").count(b"\n")
            with private(head, index_of(inside)) as git:
                counts = _count(git, inside, opened, timeout_s)
    return GitState(head, branch, *counts, stashes)


def _count(git: Path, repository: int, workspace: int, timeout_s: float) -> _Counts:
    staged = unstaged = untracked = conflicts = 0
    try:
        running = start(git, repository, workspace, *_STATUS)
    except OSError:
        # git is not there: the rest can be told without it.
        return None, None, None, None
    timer = threading.Timer(timeout_s, running.kill)
    timer.start()
    try:
        for line in records(running):
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
