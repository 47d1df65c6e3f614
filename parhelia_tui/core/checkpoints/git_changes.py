"""What differs between a workspace and its last commit, without running anything that its repository asks for."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints.git_jail import start
from parhelia_tui.core.checkpoints.private_git import (
    head_of,
    in_time,
    index_of,
    private,
    records,
    repository,
)

MOST = 5000
"""Paths that are named."""
_STATUS = (
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=all",
    "--ignore-submodules=all",
    "--no-renames",
)


@dataclass(frozen=True, slots=True)
class Committed:
    """One path that differs from the last commit.

    Args:
        sign: A added, M changed, D deleted.
        content: the name of what was committed; empty where nothing was.
    """

    sign: str
    path: str
    content: str


@dataclass(frozen=True, slots=True)
class SinceCommit:
    """What differs from a commit.

    Args:
        head: its name.
    """

    head: str
    changes: tuple[Committed, ...]


def since_commit(workspace: Path, timeout_s: float = 10.0) -> SinceCommit | None:
    """Name what differs from the last commit; None where there is none, or git cannot tell.

    Raises:
        ParheliaError: E204 when the workspace cannot be opened.
    """
    with repository(workspace) as there:
        if there is None:
            return None
        found = head_of(there[0])
        if found is None or found[0] is None:
            return None
        with private(found[0], index_of(there[0])) as git:
            try:
                running = start(git, there[1], *_STATUS)
            except OSError:
                return None
            changes = _changes(running, timeout_s)
    return None if changes is None else SinceCommit(found[0], changes)


def committed(workspace: Path, content: str, limit: int, timeout_s: float = 10.0) -> bytes:
    """Read the beginning of what was committed under a name of `Committed`; nothing where it cannot be read."""
    with repository(workspace) as there:
        if there is None:
            return b""
        with private(content, None) as git:
            try:
                running = start(git, there[1], "cat-file", "blob", content)
            except OSError:
                return b""
            assert running.stdout is not None
            with in_time(running, timeout_s):
                return running.stdout.read(limit)


def _changes(running: subprocess.Popen[bytes], timeout_s: float) -> tuple[Committed, ...] | None:
    found: list[Committed] = []
    with in_time(running, timeout_s):
        for record in records(running):
            each = _change(record)
            if each is not None:
                found.append(each)
            if len(found) >= MOST:
                return tuple(found)
    return tuple(found) if running.returncode == 0 else None


def _change(record: bytes) -> Committed | None:
    """Read one record of `git status --porcelain=v2` (git-status(1))."""
    if record[:2] == b"? ":
        return Committed("A", os.fsdecode(record[2:]), "")
    if record[:2] not in (b"1 ", b"u "):
        return None
    # Of a conflict, the second of three stages is what was committed here.
    fields = record.split(b" ", 8 if record[:1] == b"1" else 10)
    path, content = os.fsdecode(fields[-1]), fields[6 if record[:1] == b"1" else 8].decode("ascii", "replace")
    there = fields[5 if record[:1] == b"1" else 6] != b"000000"
    before = content.strip("0") != ""
    if not there and not before:
        return None
    sign = "M" if there and before else "A" if there else "D"
    return Committed(sign, path, content if before else "")
