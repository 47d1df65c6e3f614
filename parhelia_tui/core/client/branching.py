"""What tasks made, brought into the user's own repository as branches."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.read_only import refuse_if_read_only
from parhelia_tui.core.store import checkpoints, containers, tasks
from parhelia_tui.core.store.connection import writing

if TYPE_CHECKING:
    from parhelia_tui.core.branches.branch import Made
    from parhelia_tui.core.branches.repository import UserRepository
    from parhelia_tui.core.branches.start import Start

SPACE = "parhelia/"
"""Where branches of tasks lie among the user's own."""


class Branches:
    """Makes branches. The user's files, index and HEAD are never touched.

    Args:
        paths: the state directory.
        db: gives the client's connection.
        clock: gives epoch seconds.
        tell: appends to the history within a transaction.
        who: the user.
    """

    def __init__(
        self,
        paths: Paths,
        db: Callable[[], sqlite3.Connection],
        clock: Callable[[], float],
        tell: Callable[..., None],
        who: str,
    ) -> None:
        self._paths = paths
        self._open = db
        self._clock = clock
        self._tell = tell
        self._who = who

    def named(self, task: Task) -> tuple[str, Path]:
        """Give the branch that `make` makes of a task if nobody names another, and the repository that it is in.

        Raises:
            ParheliaError: E103, E204 when there can be none.
        """
        self._place(task)
        return SPACE + task.id, self.repository(task).top

    def repository(self, task: Task) -> UserRepository:
        """Find the user's repository that a task is of. Raises E204."""
        from parhelia_tui.core.branches.repository import repository_of

        copied = self._copied(task)
        found = repository_of(Path(copied.workspace)) if copied is not None else None
        if found is None:
            where = "began with an empty directory" if copied is None else f"{copied.workspace} is in none"
            raise ParheliaError(
                "E204",
                f"there is no git repository that task {task.id} is of: {where}",
                recovery=(f"parhelia task results {task.id}", "git init"),
            )
        return found

    def make(self, task: Task, name: str = "", *, with_ignored: bool = False) -> Made:
        """Bring what a task made so far into the user's repository as a branch.

        Args:
            task: no group.
            name: of the branch; `parhelia/TASK` if empty.
            with_ignored: also files that the start commit ignores.

        Raises:
            ParheliaError: E103 when there is nothing to bring or the branch is not ours to move, E204 without a
                repository, E401 where nothing may be changed, E101, E104, E500, E501, E507 as `core.branches.branch.make`.
        """
        from parhelia_tui.core.branches.branch import Outcome, Wanted, make

        refuse_if_read_only()
        place = self._place(task)
        repository = self.repository(task)
        made = make(
            Wanted(
                repository,
                place,
                name or SPACE + task.id,
                self._starts(task, repository),
                task.id,
                task.title,
                with_ignored,
            ),
            self._clock(),
        )
        if made.outcome in (Outcome.CREATED, Outcome.UPDATED):
            with writing(self._open()) as tx:
                self._tell(
                    tx,
                    "task.branch_made",
                    f"the branch {made.branch} of {made.repository} was {made.outcome} by {self._who}:"
                    f" {several(len(made.added), 'file')} added, {len(made.changed)} changed, {len(made.deleted)} deleted",
                    task_id=task.id,
                    data=_about(made, self._who),
                )
        return made

    def _place(self, task: Task) -> Path:
        """Give the copy that a task works on. Raises E103."""
        if task.is_group:
            raise ParheliaError(
                "E103",
                f"task {task.id} is a group; each of its parts has a branch of its own",
                recovery=(f"parhelia task results {task.id} --branch", f"parhelia task results {task.id}"),
            )
        if task.workspace_mode == "shared":
            raise ParheliaError(
                "E103",
                f"task {task.id} works in {task.workspace} itself, so what it made is there already",
                recovery=(f"git -C {task.workspace} status", "parhelia task create --mode clone PROMPT"),
            )
        ran = containers.of_task(self._open(), task.id)
        place = Path(ran[-1].workspace) if ran else None
        if place is None or not place.is_dir():
            raise ParheliaError(
                "E103",
                f"task {task.id} has no workspace yet",
                recovery=(f"parhelia task watch {task.id}", f"parhelia task show {task.id}"),
            )
        return place

    def _copied(self, task: Task) -> Task | None:
        """Give the task whose workspace is a directory of the user's: itself, or the one it goes on from."""
        seen = {task.id}
        found: Task | None = task
        while found is not None and found.workspace_mode == "empty":
            kept = checkpoints.find(self._open(), found.resume_from) if found.resume_from else None
            found = tasks.find(self._open(), kept.task_id) if kept and kept.task_id not in seen else None
            seen.add(found.id if found else "")
        return found

    def _starts(self, task: Task, repository: UserRepository) -> list[Start]:
        """Say what a task may have begun with: kept before it began, told by checkpoints, or HEAD."""
        from parhelia_tui.core.branches.git import over_refs
        from parhelia_tui.core.branches.start import Start, remembered

        db = self._open()
        known = [each for each in (task, self._copied(task)) if each is not None]
        found = [remembered(self._paths.workspaces / each.id) for each in known]
        for each in known:
            kept = [one.git.get("head") for one in checkpoints.listed(db, task_id=each.id)]
            found += [Start(str(head)) for head in reversed(kept) if head]
        head = over_refs(repository).line("rev-parse", "--verify", "--quiet", "HEAD")
        found.append(Start(head) if head else None)
        return [each for each in found if each is not None]


def _about(made: Made, who: str) -> dict[str, Any]:
    return {
        "by": who,
        "repository": made.repository,
        "branch": made.branch,
        "commit": made.commit,
        "start": made.start,
    }
