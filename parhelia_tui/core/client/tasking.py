"""The wishes about tasks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client.opening import Opened
from parhelia_tui.core.client.workspaces import usable_workspace
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import new_id, slug
from parhelia_tui.core.model.records import (
    Limits,
    Task,
)
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.states import (
    TASK_ENDED,
    TASK_SETTLED,
    TaskState,
)
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.process_lock import holder
from parhelia_tui.core.settings.wire import ask
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing

if TYPE_CHECKING:
    from parhelia_tui.core.model.request import TaskRequest


class Tasking(Opened):
    """Stores tasks, and asks for their end or for another attempt."""

    def request(self, given: Mapping[str, Any], *, flags: Mapping[str, Any] | None = None) -> TaskRequest:
        """Make a request of what somebody typed and the configured defaults. Raises E100, E700."""
        return self.request_maker(flags=flags)(given)

    def request_maker(
        self, *, flags: Mapping[str, Any] | None = None
    ) -> Callable[[Mapping[str, Any]], TaskRequest]:
        """Give what makes requests, with the configuration read once. Raises E700; what it gives, E100."""
        from parhelia_tui.core.client.requests import request_maker

        return request_maker(flags=flags)

    def create_task(self, request: TaskRequest, *, batch: str | None = None) -> Task:
        """Store a task and wake the controller.

        Raises:
            ParheliaError: E100 for what its agent cannot be asked, E204 for the workspace, E603 for a
                backend that does not exist.
        """
        return self.create_tasks([request], batch=batch)[0]

    def create_tasks(self, requests: Sequence[TaskRequest], *, batch: str | None = None) -> list[Task]:
        """Store several tasks, all or none, and wake the controller. Raises as `create_task`."""
        fresh = [self._new_task(request, batch) for request in requests]
        if any(task.network != "none" for task in fresh):
            self._prepare_spending(requests, fresh)
        stored: list[Task] = []
        with writing(self._db) as tx:
            for task in fresh:
                stored.append(tasks.add(tx, task))
                events.append(
                    tx,
                    "task.created",
                    f"{task.title} ({task.agent})",
                    source="client",
                    task_id=task.id,
                    at=task.created_at,
                    owner=self.owner,
                )
        self.wake()
        return stored

    def _prepare_spending(self, requests: Sequence[TaskRequest], fresh: list[Task]) -> None:
        """Refuse tasks for which there is no money, set their ceilings, and hand over the key.

        Raises:
            ParheliaError: E300 when the ceiling for everything or for today is spent.
        """
        from parhelia_tui.core.agents.registry import network_of
        from parhelia_tui.core.client.budgets import Budgets
        from parhelia_tui.core.settings.config_files import load

        config = load().config
        budgets = Budgets(self.paths, self.owner, lambda: self._db, self._clock, self._find)
        metered = [
            task
            for task in fresh
            if task.network in ("api", "allowlist")
            or (task.network == "open" and network_of(task.agent) == "api")
        ]
        if metered:
            budgets.check()
            wanted = {
                task.id: request.budget_usd
                for task, request in zip(fresh, requests, strict=True)
                if request.budget_usd is not None and task in metered
            }
            budgets.begin(metered, wanted, config.budget.plan_usd)
        # A controller that we start ourselves has our environment; one that was started elsewhere is told.
        value = os.environ.get(config.api.key_env)
        if value and holder(self.paths.controller_lock) is not None:
            with contextlib.suppress(ParheliaError):
                ask(self.paths.controller_socket, {"op": "key", "value": value}, timeout_s=5.0)

    def _find(self, text: str) -> Task:
        return tasks.resolve(self._db, text)

    def check(self, request: TaskRequest) -> None:
        """Check a request as `create_task` does, and store nothing. Raises as `create_task`."""
        self._new_task(request, None)

    def cancel_task(self, task_id: str, reason: str = "cancelled by the user") -> Task:
        """Ask for the end of a task; its workspace stays as it is.

        Raises:
            ParheliaError: E201 for no such task, E103 when it has ended already.
        """
        with writing(self._db) as tx:
            task = tasks.get(tx, task_id)
            if task.state in TASK_ENDED:
                raise ParheliaError(
                    "E103",
                    f"task {task.id} is {task.state} already",
                    recovery=(f"parhelia task show {task.id}", f"parhelia task retry {task.id}"),
                )
            if task.wanted == "run":
                task = tasks.update(tx, task, wanted="cancel", reason=reason)
                self._tell(tx, "task.cancel_requested", reason, task_id=task.id)
        self.wake()
        return task

    def retry_task(self, task_id: str) -> Task:
        """Send an ended task back to the queue as a new attempt.

        Raises:
            ParheliaError: E201 for no such task, E103 when it has not ended.
        """
        with writing(self._db) as tx:
            task = tasks.get(tx, task_id)
            if task.state not in TASK_SETTLED:
                raise ParheliaError(
                    "E103",
                    f"task {task.id} is {task.state}; only an ended task is tried again",
                    recovery=(f"parhelia task watch {task.id}", f"parhelia task cancel {task.id}"),
                )
            task = tasks.move(
                tx,
                task,
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
            self._tell(tx, "task.retried", f"attempt {task.attempt + 1} is asked for", task_id=task.id)
        from parhelia_tui.core.client.budgets import take_stop_back

        take_stop_back(self.paths, task.id)
        self.wake()
        return task

    def settle_review(self, task_id: str, *, accept: bool, reason: str = "") -> Task:
        """Say of a task that needs a review whether it counts as completed or as failed.

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
            task = tasks.move(tx, task, state, reason=said)
            self._tell(
                tx,
                f"task.{word}",
                f"{task.title}: {said}",
                task_id=task.id,
                data={"by": self.owner.user_id, "reason": why},
            )
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

    def _new_task(self, request: TaskRequest, batch: str | None) -> Task:
        from parhelia_tui.core.agents.registry import agent
        from parhelia_tui.core.backends.registry import BACKENDS

        agent(request.agent).check(request.prompt, request.agent_options)
        if request.backend not in BACKENDS:
            raise ParheliaError(
                "E603",
                f"there is no backend {request.backend!r}; there is {', '.join(sorted(BACKENDS))}",
                details={"known": sorted(BACKENDS)},
            )
        mode = request.workspace_mode
        if request.backend != "local" and mode == "shared":
            # What is elsewhere works on a copy, and what it did comes back into that copy.
            mode = "clone"
        task_id = new_id("t")
        if mode == "empty":
            workspace = str(self.paths.workspaces / task_id)
        else:
            workspace = usable_workspace(request.workspace or os.getcwd(), self.paths)
        return Task(
            id=task_id,
            slug=slug(request.title or request.prompt),
            title=request.shown_title,
            prompt=request.prompt,
            agent=request.agent,
            agent_options=request.agent_options,
            workspace=workspace,
            workspace_mode=mode,
            backend=request.backend,
            network=request.network,
            persistent=request.persistent,
            unsandboxed=request.unsandboxed,
            env=request.env,
            limits=Limits(**request.limits.model_dump()),
            slot_wanted=request.slot,
            priority=request.priority,
            batch=batch,
            state=TaskState.PENDING,
            wanted="run",
            reason="",
            question="",
            last_line="",
            attempt=0,
            container_id=None,
            exit_code=None,
            input_tokens=0,
            output_tokens=0,
            cost_usd=None,
            created_at=self._clock(),
            started_at=None,
            finished_at=None,
            rev=0,
            version=1,
            owner=self.owner,
        )
