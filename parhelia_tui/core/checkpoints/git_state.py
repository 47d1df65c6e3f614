"""The git state of a workspace, read without running anything that its repository asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints.git_jail import start
from parhelia_tui.core.checkpoints.private_git import (
    REFS_LIMIT,
    head_of,
    in_time,
    index_of,
    private,
    read,
    records,
    repository,
)

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
    with repository(workspace) as there:
        found = head_of(there[0]) if there is not None else None
        if there is None or found is None:
            return None
        head, branch = found
        stashes = (read(there[0], "logs/refs/stash", REFS_LIMIT) or b"").count(b"\n")
        with private(head, index_of(there[0])) as git:
            counts = _count(git, there[1], timeout_s)
    return GitState(head, branch, *counts, stashes)


def _count(git: Path, workspace: int, timeout_s: float) -> _Counts:
    staged = unstaged = untracked = conflicts = 0
    try:
        running = start(git, workspace, *_STATUS)
    except OSError:
        # git is not there, or nothing to keep it in: the rest can be told without it.
        return None, None, None, None
    with in_time(running, timeout_s):
        for line in records(running):
            if line[:1] == b"?":
                untracked += 1
            elif line[:1] == b"u":
                conflicts += 1
            elif line[:1] == b"1":
                staged += line[2:3] != b"."
                unstaged += line[3:4] != b"."
    failed = running.returncode != 0
    return (None, None, None, None) if failed else (staged, unstaged, untracked, conflicts)
