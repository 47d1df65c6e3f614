"""Work that goes on from a checkpoint: of the same task, or of a new one."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from parhelia_tui.core.client import moving
from parhelia_tui.core.client.keyless import refuse_keys
from parhelia_tui.core.client.stored import StoredCheckpoints
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import fresh_id
from parhelia_tui.core.model.otherwise import Otherwise
from parhelia_tui.core.model.records import Checkpoint, Owner, Task
from parhelia_tui.core.model.states import TASK_SETTLED, TaskState
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import checkpoints, events, tasks
from parhelia_tui.core.store.connection import writing

AS_BEFORE = Otherwise()


class ResumingCheckpoints(StoredCheckpoints):
    """Sends tasks back to the queue with a checkpoint.

    Args:
        paths: the state directory.
        owner: whose name stands on what is made.
        db: gives the client's connection.
        clock: gives epoch seconds.
        wake: tells the controller to look.
    """

    def __init__(
        self,
        paths: Paths,
        owner: Owner,
        db: Callable[[], sqlite3.Connection],
        clock: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        super().__init__(paths, db)
        self._owner = owner
        self._clock = clock
        self._wake = wake

    def otherwise(self, given: Mapping[str, Any], profile: str | None = None) -> Otherwise:
        """Make what is to be different out of fields of `Otherwise` and of a profile. Raises E100, E101, E700."""
        return moving.otherwise(given, profile)

    def differences(self, task: Task, asked: Otherwise) -> list[str]:
        """Say what will be different when a task goes on so. Raises as `resume`."""
        return moving.told(task, moving.moved(task, asked, self._paths))

    def resume(
        self,
        task: Task,
        checkpoint: Checkpoint | None,
        *,
        workspace: str = "restore",
        message: str = "",
        otherwise: Otherwise = AS_BEFORE,
    ) -> Task:
        """Send a settled task back to the queue, so that a new attempt goes on from a checkpoint.

        Args:
            checkpoint: the newest of the task if None.
            workspace: `restore` it to the checkpoint, or `keep` it as it is; the talk goes on in both cases.
            message: what its agent is told then, where it can be told.
            otherwise: what is to be different.

        Raises:
            ParheliaError: E202 when there is none, E103 while the task is at work, E600 for an unfinished one,
                E101, E208, E603 for what cannot be different.
        """
        with writing(self._db) as tx:
            task = tasks.get(tx, task.id)
            if task.state not in TASK_SETTLED:
                raise ParheliaError(
                    "E103",
                    f"task {task.id} is {task.state}; only one that has ended goes on from a checkpoint",
                    recovery=(f"parhelia attach {task.id}", f"parhelia task cancel {task.id}"),
                )
            chosen = checkpoint or checkpoints.newest(tx, task.id)
            if chosen is None:
                raise ParheliaError(
                    "E202",
                    f"task {task.id} has no checkpoint to go on from",
                    recovery=(f"parhelia task retry {task.id}", f"parhelia checkpoint list {task.id}"),
                )
            self._tree(chosen)
            changes = moving.moved(task, otherwise, self._paths)
            begin = f"attempt {task.attempt + 1} goes on from {chosen.id}"
            said = ", ".join([begin, *moving.told(task, changes)])
            task = tasks.move(
                tx,
                task,
                TaskState.PENDING,
                **changes,
                wanted="run",
                reason=f"goes on from {chosen.id}",
                question="",
                exit_code=None,
                container_id=None,
                started_at=None,
                finished_at=None,
                resume_from=chosen.id,
                resume_workspace=workspace,
                recoveries=0,
                agent_options=_with_message(task, message),
            )
            self._tell(tx, "task.resume_requested", task.id, said, chosen, workspace=workspace)
        from parhelia_tui.core.client.budgets import take_stop_back

        take_stop_back(self._paths, task.id)
        self._wake()
        return task

    def fork(self, checkpoint: Checkpoint, *, backend: str | None = None) -> Task:
        """Make a task of its own that goes on from a checkpoint in a new workspace.

        Args:
            backend: where it goes on; where the checkpoint was taken if None.

        Raises:
            ParheliaError: E201, E600, E603.
        """
        self._tree(checkpoint)
        with writing(self._db) as tx:
            origin = tasks.get(tx, checkpoint.task_id)
            task_id = fresh_id("t", lambda each: tasks.is_taken(tx, each))
            task = tasks.add(
                tx,
                dataclasses.replace(
                    origin,
                    id=task_id,
                    workspace=str(self._paths.workspaces / task_id),
                    workspace_mode="empty",
                    created_at=self._clock(),
                    state=TaskState.PENDING,
                    reason="",
                    # Of its own: what a group is does not follow from it, though it began as a part of one.
                    parent_id=None,
                    target="",
                    owner=self._owner,
                ),
            )
            changes = moving.moved(task, Otherwise(backend=backend), self._paths)
            begin = f"{task.title} ({task.agent}), from {checkpoint.id} of {origin.id}"
            said = ", ".join([begin, *moving.told(task, changes)])
            task = tasks.update(tx, task, resume_from=checkpoint.id, **changes)
            self._tell(tx, "task.created", task.id, said, checkpoint)
        self._wake()
        return task

    def _tell(
        self,
        tx: sqlite3.Connection,
        type: str,
        task_id: str,
        said: str,
        checkpoint: Checkpoint,
        **data: object,
    ) -> None:
        events.append(
            tx,
            type,
            said,
            source="client",
            task_id=task_id,
            data={"checkpoint_id": checkpoint.id, **data},
            at=self._clock(),
            owner=self._owner,
        )


def _with_message(task: Task, message: str) -> str:
    """The options of a task's agent with what it is told when its talk goes on; what was said last time is gone."""
    from parhelia_tui.core.agents.registry import agent

    options = {name: value for name, value in task.agent_options.items() if name != "message"}
    if message:
        refuse_keys({"the message": message})
        options["message"] = message
        agent(task.agent).check(task.prompt, options)
    return json.dumps(options)
