"""What fronts ask and wish of checkpoints."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client.keyless import refuse_keys
from parhelia_tui.core.client.resuming import ResumingCheckpoints
from parhelia_tui.core.client.stored import Told
from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.groups import single
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Checkpoint, Owner, Task
from parhelia_tui.core.model.states import CheckpointState, Trigger
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import checkpoints, containers, tasks
from parhelia_tui.core.store.connection import reading, writing

if TYPE_CHECKING:
    from parhelia_tui.core.checkpoints.restore import Restored

ROLLBACK_S = 600.0
NOW = "now"
"""Stands for the workspace as it is, where a second checkpoint could be named."""


class Checkpoints(ResumingCheckpoints):
    """The part of the door that is about checkpoints.

    Args:
        paths: the state directory.
        owner: whose name stands on what is made.
        db: gives the client's connection.
        clock: gives epoch seconds.
        wake: tells the controller to look.
        ask: stores an intent and waits for what becomes of it, at most so many seconds.
    """

    def __init__(
        self,
        paths: Paths,
        owner: Owner,
        db: Callable[[], sqlite3.Connection],
        clock: Callable[[], float],
        wake: Callable[[], None],
        ask: Callable[[str, str, dict[str, object], float], dict[str, Any]],
    ) -> None:
        super().__init__(paths, owner, db, clock, wake)
        self._ask = ask

    def create(
        self, task: Task, trigger: Trigger = Trigger.MANUAL, *, note: str = "", tags: Sequence[str] = ()
    ) -> Checkpoint:
        """Ask for a checkpoint of a task's workspace and talk; `wait` gives the finished one. Raises E103."""
        with writing(self._db) as tx:
            task = single(tasks.get(tx, task.id))
            container = containers.find(tx, task.container_id) if task.container_id else None
            made = checkpoints.add(
                tx,
                new_id("cp"),
                task,
                container,
                trigger,
                self._clock(),
                workspace=self._workspace(task),
                note=note,
                tags=_clean(tags),
            )
        self._wake()
        return made

    def on_detach(self, task: Task) -> None:
        """Somebody has left a task's terminal; the controller knows whether that is worth a checkpoint."""
        self.create(task, Trigger.DETACH)

    def wait(self, checkpoint_id: str, told: Callable[[str], None]) -> Checkpoint | None:
        """Wait until a checkpoint is taken.

        Args:
            told: called with how far it is, now and then.

        Returns:
            The checkpoint; None when nothing had changed and it was not kept.

        Raises:
            ParheliaError: E600 with the reason when it failed, E204; E500 when no controller can be started.
        """
        for _ in looks(wake=self._wake):
            with reading(self._db) as db:
                seen = checkpoints.find(db, checkpoint_id)
            if seen is None or seen.state is CheckpointState.READY:
                break
            if seen.state is CheckpointState.FAILED:
                code, _, message = seen.reason.partition(": ")
                raise ParheliaError("E204" if code == "E204" else "E600", message or seen.reason)
            told(seen.reason)
        return seen

    def restore(self, checkpoint: Checkpoint, target: Path, told: Told) -> Restored:
        """Write a checkpoint's workspace into a new directory. Raises E600."""
        from parhelia_tui.core.checkpoints.forked import processors
        from parhelia_tui.core.checkpoints.restore import restore

        with self._repository() as repository:
            return restore(repository, self._tree(checkpoint), target, progress=told, processes=processors())

    def roll_back(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Bring the live workspace to a checkpoint's state.

        Returns:
            `safety_id`, the checkpoint of the state before, and `created`, `replaced`, `removed`, `kept`.

        Raises:
            ParheliaError: E103 while others work on it, E204, E600, E501.
        """
        return self._ask("checkpoint.rollback", checkpoint.id, {}, ROLLBACK_S)

    def describe(
        self,
        checkpoint_id: str,
        *,
        note: str | None = None,
        tags: Sequence[str] | None = None,
        protected: bool | None = None,
    ) -> Checkpoint:
        """Change note, tags or protection of a checkpoint. Raises E202, E101."""
        with writing(self._db) as tx:
            return checkpoints.describe(
                tx,
                checkpoints.get(tx, checkpoint_id),
                note=note,
                tags=None if tags is None else _clean(tags),
                protected=protected,
            )

    def delete(self, checkpoint_id: str) -> None:
        """Forget a checkpoint; its space is freed by the next collection.

        Raises:
            ParheliaError: E202; E103 while it is protected or being taken.
        """
        with writing(self._db) as tx:
            found = checkpoints.get(tx, checkpoint_id)
            if found.protected:
                raise ParheliaError(
                    "E103",
                    f"checkpoint {found.id} is protected",
                    recovery=(f"parhelia checkpoint unprotect {found.id}",),
                )
            if found.state in (CheckpointState.PENDING, CheckpointState.CREATING):
                raise ParheliaError("E103", f"checkpoint {found.id} is being taken")
            checkpoints.remove(tx, found.id)
            self._tell(tx, "checkpoint.deleted", found.task_id, f"{found.id} was deleted", found)

    def collect(self) -> dict[str, Any]:
        """Free what no checkpoint needs, now. Raises E600, E501."""
        return self._ask("checkpoint.collect", "", {}, ROLLBACK_S)

    def _workspace(self, task: Task) -> str:
        return str(self._paths.workspaces / task.id) if task.workspace_mode == "clone" else task.workspace


def _clean(tags: Sequence[str]) -> list[str]:
    found: list[str] = []
    for tag in tags:
        refuse_keys({"the tag": tag})
        text = one_line(tag, 60)
        if not text or text.startswith("cp-") or text == NOW:
            raise ParheliaError("E101", f"{tag!r} cannot be a tag")
        if text not in found:
            found.append(text)
    return found
