"""What a task began with: the commit of the user's repository, and what was not committed there."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parhelia_tui.core.branches.compare import blob_name, read
from parhelia_tui.core.branches.git import over_checkout, over_refs, private
from parhelia_tui.core.branches.repository import UserRepository, repository_of
from parhelia_tui.core.branches.walk import FILE, LINK, PROGRAM
from parhelia_tui.core.checkpoints.files import descriptor, open_below
from parhelia_tui.core.checkpoints.workspace import open_workspace
from parhelia_tui.core.model.errors import ParheliaError

PATHS_MOST = 5000
BYTES_MOST = 256 << 20
"""What is not committed is remembered up to so much: a task has to wait for it."""
_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_RECORD_MOST = 32 << 20


@dataclass(frozen=True, slots=True)
class Start:
    """What a task began with.

    Attributes:
        commit: where HEAD stood.
        uncommitted: by path from the top of the repository, mode and name of the content of what was other than in
            that commit; None for what was deleted.
    """

    commit: str
    uncommitted: Mapping[str, str | None] = field(default_factory=dict)


def remember(copy: Path, workspace: Path) -> None:
    """Keep what the user's repository stands at beside a copy that is about to be made; nothing where it is none.

    What the copy's own `.git` says later is the agent's word.

    Args:
        copy: the directory that the task will work on.
        workspace: what it is a copy of.

    Raises:
        OSError: it cannot be written.
    """
    repository = repository_of(workspace)
    if repository is None:
        return
    try:
        head = over_refs(repository).line("rev-parse", "--verify", "--quiet", "HEAD")
        if not head or not _NAME.fullmatch(head):
            return
        uncommitted = _uncommitted(repository, head)
    except ParheliaError:
        # Without git here nothing is kept, and the task needs none.
        return
    place = _place(copy)
    new = place.with_name(place.name + ".new")
    new.write_text(json.dumps({"commit": head, "uncommitted": uncommitted}))
    new.replace(place)


def remembered(copy: Path) -> Start | None:
    """Give what was kept; None where nothing was."""
    try:
        with _place(copy).open() as file:
            found = json.loads(file.read(_RECORD_MOST))
        commit, uncommitted = found["commit"], dict(found["uncommitted"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Start(commit, uncommitted) if isinstance(commit, str) and _NAME.fullmatch(commit) else None


def _place(copy: Path) -> Path:
    return copy.with_name(copy.name + ".start.json")


def _uncommitted(repository: UserRepository, head: str) -> dict[str, str | None]:
    """Say what is other than in a commit, without what is ignored; nothing where that is very much."""
    with private(repository) as git, open_workspace(repository.top) as opened:
        checkout = over_checkout(git, repository)
        words = ("--name-only", "-z", "--no-renames", "--ignore-submodules=all")
        said = checkout.run("diff-index", *words, head)
        said += checkout.run("ls-files", "--others", "--exclude-standard", "-z")
        within = f"{repository.prefix}/" if repository.prefix else ""
        paths = {os.fsdecode(each) for each in said.split(b"\0") if each}
        found: dict[str, str | None] = {}
        left = BYTES_MOST
        for path in sorted(each for each in paths if each.startswith(within)):
            mode = _mode(opened, path)
            data = b"" if mode is None else read(opened, path, mode)
            left -= len(data)
            if left < 0 or len(found) >= PATHS_MOST:
                return {}
            if isinstance(data, bytes):
                found[path] = None if mode is None else f"{mode} {blob_name(data, len(head))}"
    return found


def _mode(opened: int, path: str) -> str | None:
    """Give the mode of a file as a tree has it; None where there is none."""
    above, _, name = path.rpartition("/")
    try:
        with descriptor(open_below(opened, above)) as inside:
            seen = os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode
    except OSError:
        return None
    return LINK if stat.S_ISLNK(seen) else PROGRAM if seen & 0o100 else FILE
