"""What a task has changed in its workspace since its beginning, file by file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parhelia_tui.core.client.stored import StoredCheckpoints
from parhelia_tui.core.model.records import Checkpoint, Task
from parhelia_tui.core.model.states import CheckpointState
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import checkpoints, containers

if TYPE_CHECKING:
    from parhelia_tui.core.checkpoints.text import TextDiff


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs.

    Args:
        sign: A added, M changed, D deleted.
        grown: bytes it has become longer, or shorter; None where nobody counted.
        committed: the name of what its last commit holds of it, where that is what it is compared with.
    """

    sign: str
    path: str
    grown: int | None
    committed: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs.

    Args:
        against: with what it was compared, in words; empty where there is nothing to compare with.
        files: by path.
        before, after: the checkpoints of the two sides; no `after` is the workspace now, no `before` its last commit.
        workspace: the directory.
    """

    against: str
    files: tuple[FileChange, ...]
    workspace: Path
    before: Checkpoint | None = None
    after: Checkpoint | None = None


class TaskChanges:
    """Compares a task's workspace with what it was.

    The first checkpoint of the task counts as its beginning; where there is none, the last commit of a git
    repository does. Git never runs with the workspace's configuration (`core.checkpoints.private_git`).

    Args:
        paths: the state directory.
        db: gives the client's connection.
        stored: compares checkpoints.
    """

    def __init__(self, paths: Paths, db: Callable[[], sqlite3.Connection], stored: StoredCheckpoints) -> None:
        self._paths = paths
        self._open = db
        self._stored = stored

    def of(self, task: Task) -> Changes:
        """Name the files that differ.

        Raises:
            ParheliaError: E204 when the workspace cannot be opened, E600 for a damaged checkpoint.
        """
        db = self._open()
        mine = [
            each for each in checkpoints.listed(db, task_id=task.id) if each.state is CheckpointState.READY
        ]
        workspace = self._workspace(db, task)
        if not mine:
            return self._since_commit(workspace)
        first, after = mine[-1], None
        container = containers.find(db, task.container_id) if task.container_id else None
        if container is not None and container.backend != "local" and container.finished_at is None:
            # What is elsewhere is known from its checkpoints alone until it comes home.
            after = mine[0]
        found = self._stored.diff(first, after, lambda stage, done, total: None)
        files = [
            FileChange(
                sign,
                each.path,
                (each.after.size if each.after else 0) - (each.before.size if each.before else 0),
            )
            for sign, differences in (("A", found.added), ("M", found.changed), ("D", found.deleted))
            for each in differences
            if not each.is_directory
        ]
        return Changes(
            f"checkpoint {first.id}, its first",
            tuple(sorted(files, key=lambda each: each.path)),
            workspace,
            first,
            after,
        )

    def text(self, changes: Changes, file: FileChange) -> TextDiff:
        """Compare one file line by line. Raises E101, E204, E600."""
        if changes.before is not None:
            return self._stored.text_diff(changes.before, changes.after, file.path)
        from parhelia_tui.core.checkpoints.git_changes import committed
        from parhelia_tui.core.checkpoints.text import LIMIT, compared, live_bytes

        old = committed(changes.workspace, file.committed, LIMIT + 1) if file.committed else None
        return compared(old, live_bytes(changes.workspace, file.path, LIMIT + 1), file.path)

    def _since_commit(self, workspace: Path) -> Changes:
        from parhelia_tui.core.checkpoints.git_changes import since_commit

        found = since_commit(workspace)
        if found is None:
            return Changes("", (), workspace)
        files = tuple(
            FileChange(each.sign, each.path, None, each.content)
            for each in sorted(found.changes, key=lambda each: each.path)
        )
        return Changes(f"its last commit, {found.head[:10]}", files, workspace)

    def _workspace(self, db: sqlite3.Connection, task: Task) -> Path:
        container = containers.find(db, task.container_id) if task.container_id else None
        if container is not None:
            return Path(container.workspace)
        own = task.workspace_mode == "clone"
        return self._paths.workspaces / task.id if own else Path(task.workspace)
