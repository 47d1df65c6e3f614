"""What fronts read of checkpoints: the rows, and what the checkpoint store holds for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Checkpoint, Task
from parhelia_tui.core.model.states import CheckpointState
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import checkpoints

if TYPE_CHECKING:
    from parhelia_tui.core.checkpoints.contents import Held
    from parhelia_tui.core.checkpoints.diff import Diff
    from parhelia_tui.core.checkpoints.repository import Repository
    from parhelia_tui.core.checkpoints.statistics import Statistics
    from parhelia_tui.core.checkpoints.text import TextDiff
    from parhelia_tui.core.checkpoints.verify import Problem

Told = Callable[[str, int, int], None]


class StoredCheckpoints:
    """Reads checkpoints.

    Args:
        paths: the state directory.
        db: gives the client's connection.
    """

    def __init__(self, paths: Paths, db: Callable[[], sqlite3.Connection]) -> None:
        self._paths = paths
        self._open = db

    @property
    def _db(self) -> sqlite3.Connection:
        return self._open()

    def get(self, text: str) -> Checkpoint:
        """Find a checkpoint by id, beginning of an id, or tag. Raises E202, E101."""
        return checkpoints.resolve(self._db, text)

    def of(self, task: Task | None = None, *, limit: int | None = None) -> list[Checkpoint]:
        """Read the checkpoints of a task, or of all, newest first."""
        return checkpoints.listed(self._db, task_id=task.id if task else None, limit=limit)

    def newest(self, task: Task) -> Checkpoint | None:
        """Read the newest checkpoint of a task that can be used."""
        return checkpoints.newest(self._db, task.id)

    def diff(self, before: Checkpoint, after: Checkpoint | None, told: Told) -> Diff:
        """Compare two checkpoints, or one with its workspace as it is now. Raises E600, E204."""
        from parhelia_tui.core.checkpoints.diff import diff

        tree = self._tree(before)
        with self._repository() as repository:
            if after is not None:
                return diff(repository, tree, self._tree(after))
            from parhelia_tui.core.checkpoints.forked import processors
            from parhelia_tui.core.settings.config_files import load

            return diff(
                repository,
                tree,
                Path(before.workspace),
                # What the controller leaves out when it takes one; else all of that would have been added since.
                ignore=load().config.checkpoints.ignore,
                progress=told,
                processes=processors(),
            )

    def text_diff(self, before: Checkpoint, after: Checkpoint | None, path: str) -> TextDiff:
        """Compare one file of two checkpoints, or with the workspace now. Raises E600."""
        from parhelia_tui.core.checkpoints.text import text_diff

        with self._repository() as repository:
            return text_diff(repository, self._tree(before), self._side(before, after), path)

    def files(self, checkpoint: Checkpoint, below: str = "", *, talk: bool = False) -> list[Held]:
        """List what a checkpoint holds.

        Args:
            below: a path; only this and what lies below it.
            talk: what the agent kept of its conversation, in place of the workspace.

        Raises:
            ParheliaError: E101 where it has no such path, E600.
        """
        from parhelia_tui.core.checkpoints.contents import contents

        tree = self._tree(checkpoint)
        with self._repository() as repository:
            return list(contents(repository, checkpoint.conversation if talk else tree, below))

    def verify(self, chosen: Sequence[Checkpoint], told: Told) -> dict[str, list[Problem]]:
        """Read all that checkpoints hold and compare it with its names; problems by checkpoint, none for sound ones."""
        from parhelia_tui.core.checkpoints.verify import verify

        found: dict[str, list[Problem]] = {}
        names = {
            tree: each.id for each in reversed(chosen) for tree in (each.tree, each.conversation) if tree
        }
        with self._repository() as repository:
            for problem in verify(repository, list(names), progress=told):
                found.setdefault(names.get(problem.tree or "", ""), []).append(problem)
        return found

    def statistics(self) -> Statistics:
        """Count what the checkpoint store holds. Raises E600."""
        from parhelia_tui.core.checkpoints.statistics import statistics

        with self._repository() as repository:
            return statistics(repository)

    def _repository(self) -> Repository:
        from parhelia_tui.core.checkpoints.repository import Repository

        return Repository(self._paths.checkpoints)

    def _side(self, before: Checkpoint, after: Checkpoint | None) -> str | Path:
        return Path(before.workspace) if after is None else self._tree(after)

    def _tree(self, checkpoint: Checkpoint) -> str:
        if checkpoint.state is not CheckpointState.READY:
            raise ParheliaError(
                "E600", f"checkpoint {checkpoint.id} is {checkpoint.state}, so it cannot be used"
            )
        return checkpoint.tree
