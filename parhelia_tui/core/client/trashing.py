"""Putting ended tasks away, bringing them back, and taking back a cancel that came too soon."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parhelia_tui.core.client.tasking import Tasking
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from parhelia_tui.core.store import tasks, trash
from parhelia_tui.core.store.connection import writing


class Trashing(Tasking):
    """Puts away what has ended; nothing is lost by that."""

    def trash_tasks(self, task_ids: Sequence[str]) -> list[Task]:
        """Put ended tasks into the trash, all or none; of a group its parts too.

        Raises:
            ParheliaError: E201 for no such task, E103 when one has not ended or lies there already.
        """

        def put(task: Task) -> str:
            if task.state not in TASK_ENDED:
                return f"task {task.id} is {task.state}; only an ended task is put into the trash"
            return f"task {task.id} is in the trash already" if task.trashed_at is not None else ""

        with writing(self._db) as tx:
            found = [self._fitting(tasks.get(tx, each), put) for each in task_ids]
            for task in found:
                for each in (task, *tasks.of_group(tx, task.id)):
                    if each.trashed_at is None:
                        trash.put(tx, each, self._clock())
                self._tell(tx, "task.trashed", f"{task.title}: put into the trash", task_id=task.id)
            return [tasks.get(tx, each.id) for each in found]

    def untrash_tasks(self, task_ids: Sequence[str]) -> list[Task]:
        """Bring tasks back from the trash, all or none; of a group its parts too.

        Raises:
            ParheliaError: E201 for no such task, E103 when one does not lie there.
        """

        def out(task: Task) -> str:
            return f"task {task.id} is not in the trash" if task.trashed_at is None else ""

        with writing(self._db) as tx:
            found = [self._fitting(tasks.get(tx, each), out) for each in task_ids]
            for task in found:
                for each in (task, *tasks.of_group(tx, task.id)):
                    if each.trashed_at is not None:
                        trash.take_out(tx, each)
                self._tell(tx, "task.untrashed", f"{task.title}: brought back", task_id=task.id)
            return [tasks.get(tx, each.id) for each in found]

    def purge_tasks(self, task_ids: Sequence[str]) -> list[Task]:
        """Delete tasks that lie in the trash for good, of a group its parts too.

        What was spent stays in the ledger, and workspaces stay as they are.

        Returns:
            Those that stay, because a checkpoint of them is left.

        Raises:
            ParheliaError: E201 for no such task, E103 when one does not lie there; then nothing is deleted.
        """

        def lies(task: Task) -> str:
            return f"task {task.id} is not in the trash" if task.trashed_at is None else ""

        with writing(self._db) as tx:
            found = [self._fitting(tasks.get(tx, each), lies) for each in task_ids]
            left = [each for each in found if not trash.remove(tx, each)]
            for task in found:
                if task not in left:
                    self._tell(tx, "task.purged", f"{task.title}: deleted from the trash")
            return left

    def uncancel_task(self, task_id: str) -> Task:
        """Take back the cancel of a task that had not begun: it waits in the queue again.

        Raises:
            ParheliaError: E201 for no such task, E103 when it was not cancelled or had begun.
        """
        with writing(self._db) as tx:
            task = tasks.get(tx, task_id)
            waits = task.state is TaskState.PENDING and task.wanted == "cancel"
            if waits:
                task = tasks.update(tx, task, wanted="run", reason="")
                self._tell(tx, "task.cancel_withdrawn", "it waits in the queue again", task_id=task.id)
        if waits:
            self.wake()
            return task
        if task.state is TaskState.CANCELLED and task.started_at is None:
            return self.retry_task(task.id)
        if task.id in self.kept_cancels():
            raise ParheliaError(
                "E507", f"the cancel of {task.id} is taken back only once there is room on the disk"
            )
        raise ParheliaError(
            "E103",
            f"task {task.id} is {task.state}; only a cancel of what has not begun is taken back",
            recovery=(f"parhelia task retry {task.id}",),
        )

    def _fitting(self, task: Task, fault: Callable[[Task], str]) -> Task:
        said = fault(task)
        if said:
            raise ParheliaError(
                "E103", said, recovery=(f"parhelia task show {task.id}", "parhelia task list --trash")
            )
        return task
