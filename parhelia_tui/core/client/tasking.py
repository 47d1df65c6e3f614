"""The wishes about tasks."""

from __future__ import annotations

import shlex
import sqlite3

from parhelia_tui.core.client.creating import Creating
from parhelia_tui.core.client.workspaces import usable_workspace
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.states import TASK_ENDED, TASK_SETTLED, TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store import cancels, kept_cancels, tasks
from parhelia_tui.core.store.connection import writing


class Tasking(Creating):
    """Asks for the end of tasks, or for another attempt; what is wished of a group is wished of its parts."""

    def cancel_task(self, task_id: str, reason: str = "cancelled by the user") -> Task:
        """Ask for the end of a task; its workspace stays as it is.

        Where the disk of the store is full, the wish is kept beside it (`kept_cancels`) and the task is given as it
        was; what runs of it is ended all the same.

        Raises:
            ParheliaError: E201 for no such task, E103 when it has ended already, E507 when the disk is full and nobody
                ends it now.
        """
        at = self._clock()
        try:
            with writing(self._db) as tx:
                task = tasks.get(tx, task_id)
                if task.state in TASK_ENDED:
                    raise ParheliaError(
                        "E103",
                        f"task {task.id} is {task.state} already",
                        recovery=(f"parhelia task show {task.id}", f"parhelia task retry {task.id}"),
                    )
                cancels.wish(tx, task, reason, self.owner, at)
                task = tasks.get(tx, task.id)
        except ParheliaError as error:
            if error.code != "E507":
                raise
            return self._keep_cancel(task_id, reason, at, error)
        self.wake()
        return task

    def kept_cancels(self) -> set[str]:
        """Name the tasks that are to be cancelled, of which a full disk keeps the store from knowing."""
        return {each.task_id for each in kept_cancels.kept(self.paths.kept_cancels)}

    def _keep_cancel(self, task_id: str, reason: str, at: float, why: ParheliaError) -> Task:
        """Keep a wish that the store has no room for, for the controller, which acts on it at once."""
        task = tasks.get(self._db, task_id)
        see = shlex.join(("df", "-h", str(self.paths.home)))
        if not kept_cancels.keep(self.paths.kept_cancels, task.id, reason, self.owner, at):
            raise ParheliaError(
                "E507",
                f"task {task.id} is not cancelled, and what runs of it goes on: {why.message}",
                recovery=(see, f"parhelia task cancel {task.id}"),
            ) from why
        try:
            self.wake()
        except ParheliaError as error:
            raise ParheliaError(
                "E507",
                f"task {task.id} is to be cancelled once there is room on the disk, and what runs of it goes on until"
                f" then: no controller is there, and none can be started ({error.message})",
                recovery=(see, "parhelia controller status"),
            ) from error
        return task

    def retry_task(self, task_id: str) -> Task:
        """Send an ended task back to the queue as a new attempt; of a group the parts that failed or were cancelled.

        Raises:
            ParheliaError: E201 for no such task, E103 when it has not ended, or no part of it has failed.
        """
        with writing(self._db) as tx:
            task = tasks.get(tx, task_id)
            again = self._to_retry(tx, task)
            for each in again:
                tasks.move(
                    tx,
                    each,
                    TaskState.PENDING,
                    wanted="run",
                    reason="",
                    question="",
                    exit_code=None,
                    container_id=None,
                    started_at=None,
                    finished_at=None,
                    resume_from=None,
                    recoveries=0,
                )
                self._tell(tx, "task.retried", f"attempt {each.attempt + 1} is asked for", task_id=each.id)
            if task.is_group:
                words = f"{len(again)} of {task.parts} parts are tried again"
                self._tell(tx, "task.retried", words, task_id=task.id)
            task = tasks.get(tx, task.id)
        from parhelia_tui.core.client.budgets import take_stop_back

        for each in {task.id: task, **{part.id: part for part in again}}.values():
            take_stop_back(self.paths, each.id)
        self.wake()
        return task

    def _to_retry(self, tx: sqlite3.Connection, task: Task) -> list[Task]:
        """Find what a retry of a task is for: itself, or the parts that failed. Raises E103."""
        if task.is_group:
            again = [each for each in tasks.of_group(tx, task.id) if _has_failed(tx, each)]
            why = f"no part of task {task.id} has failed"
        else:
            again = [task] if task.state in TASK_SETTLED else []
            why = f"task {task.id} is {task.state}; only an ended task is tried again"
        if not again:
            raise ParheliaError(
                "E103",
                why,
                recovery=(f"parhelia task watch {task.id}", f"parhelia task cancel {task.id}"),
            )
        return again

    def settle_review(self, task_id: str, *, accept: bool, reason: str = "") -> Task:
        """Say of a task that needs a review, or of the parts that do, whether it counts as completed or as failed.

        Raises:
            ParheliaError: E201 for no such task, E103 when it needs none.
        """
        with writing(self._db) as tx:
            task = tasks.get(tx, task_id)
            if task.state is not TaskState.NEEDS_REVIEW:
                raise ParheliaError(
                    "E103",
                    f"task {task.id} is {task.state} and needs no review",
                    recovery=(f"parhelia task show {task.id}", "parhelia task list --state needs_review"),
                )
            word, state = ("accepted", TaskState.COMPLETED) if accept else ("rejected", TaskState.FAILED)
            why = redacted(one_line(reason, 500))
            said = f"{word} by {self.owner.user_id}" + (f": {why}" if why else "")
            for each in tasks.of_group(tx, task.id) if task.is_group else [task]:
                if each.state is not TaskState.NEEDS_REVIEW:
                    continue
                tasks.move(tx, each, state, reason=said)
                self._tell(
                    tx,
                    f"task.{word}",
                    f"{each.title}: {said}",
                    task_id=each.id,
                    data={"by": self.owner.user_id, "reason": why},
                )
            task = tasks.get(tx, task.id)
        self.wake()
        return task

    def move_workspace(self, task_id: str, directory: str) -> Task:
        """Have an ended task work on another directory from now on, because its own has moved.

        Raises:
            ParheliaError: E201 for no such task, E103 while it is at work, E204 for the directory.
        """
        workspace = usable_workspace(directory, self.paths)
        with writing(self._db) as tx:
            task = tasks.get(tx, task_id)
            if task.state not in TASK_SETTLED:
                raise ParheliaError(
                    "E103",
                    f"task {task.id} is {task.state}; a directory is changed only for an ended task",
                    recovery=(f"parhelia task cancel {task.id}",),
                )
            if task.workspace != workspace:
                self._tell(
                    tx, "task.workspace_moved", f"from {task.workspace} to {workspace}", task_id=task.id
                )
                task = tasks.update(tx, task, workspace=workspace)
        return task


def _has_failed(tx: sqlite3.Connection, task: Task) -> bool:
    """Say whether a part did not do what it should, whether or not a person is still to look at that."""
    if task.state is TaskState.NEEDS_REVIEW:
        return tasks.attempts(tx, task.id)[-1].exit_code != 0
    return task.state in (TaskState.FAILED, TaskState.CANCELLED)
