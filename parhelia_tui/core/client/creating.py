"""Making tasks: one, several, or a group with one for each target."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client.keyless import refuse_keys
from parhelia_tui.core.client.opening import Opened
from parhelia_tui.core.client.workspaces import usable_workspace
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import fresh_id, slug
from parhelia_tui.core.model.mounting import in_words
from parhelia_tui.core.model.records import Limits, Mount, Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.process_lock import holder
from parhelia_tui.core.settings.wire import ask
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing

if TYPE_CHECKING:
    from parhelia_tui.core.model.placement import Choice, Refusal
    from parhelia_tui.core.model.request import TaskRequest

IN_ORDER_S = 1e-6
"""Between two parts of a group in their times of creation, so that the queue takes them in the order of the targets."""


class Creating(Opened):
    """Checks what is asked for, and stores it as tasks."""

    def request(self, given: Mapping[str, Any], *, flags: Mapping[str, Any] | None = None) -> TaskRequest:
        """Make a request of what somebody typed and the configured defaults. Raises E100, E700."""
        return self.request_maker(flags=flags)(given)

    def request_maker(
        self, *, flags: Mapping[str, Any] | None = None
    ) -> Callable[[Mapping[str, Any]], TaskRequest]:
        """Give what makes requests, with the configuration read once. Raises E700; what it gives, E100."""
        from parhelia_tui.core.client.requests import request_maker

        return request_maker(flags=flags)

    def create_task(self, request: TaskRequest, *, batch: str | None = None, gate_of: str = "") -> Task:
        """Store a task and wake the controller.

        Args:
            gate_of: of the gate of a merge: the task whose files it has to pass.

        Raises:
            ParheliaError: E100 for what its agent cannot be asked, E204 for the workspace, E603 for a
                backend that does not exist, and for what none could ever give.
        """
        return self.create_tasks([request], batch=batch, gate_of=gate_of)[0]

    def create_tasks(
        self, requests: Sequence[TaskRequest], *, batch: str | None = None, gate_of: str = ""
    ) -> list[Task]:
        """Store several tasks, all or none, and wake the controller. Raises as `create_task`.

        Returns:
            A task for each request; that of one with targets is the group, whose parts `parts` reads.
        """
        given: set[str] = set()
        made = [self._new_tasks(request, batch, given) for request in requests]
        if gate_of:
            made = [[dataclasses.replace(task, gate_of=gate_of) for task in one] for one in made]
        fresh = [task for one in made for task in one]
        if any(task.network != "none" or task.backend != "local" for task in fresh):
            self._prepare_spending(_ceilings(requests, made), fresh)
        with writing(self._db) as tx:
            for task in fresh:
                tasks.add(tx, task)
                targets = f", {several(task.parts, 'target')}" if task.is_group else ""
                events.append(
                    tx,
                    "task.created",
                    f"{task.title} ({task.agent}{targets})"
                    + "".join(f"; shows {in_words(each)}" for each in task.mounts),
                    source="client",
                    task_id=task.id,
                    at=task.created_at,
                    owner=self.owner,
                )
            stored = [tasks.get(tx, one[0].id) for one in made]
        self._wake_for(stored)
        return stored

    def _wake_for(self, stored: Sequence[Task]) -> None:
        """Wake the controller; who hears that there is none hears too that nothing need be asked for again."""
        try:
            self.wake()
        except ParheliaError as error:
            what = "its task is" if len(stored) == 1 else f"its {len(stored)} tasks are"
            raise ParheliaError(
                error.code,
                f"{error.message}; {what} stored and begin{'s' * (len(stored) == 1)} with the next controller",
                details={**error.details, "tasks": [task.id for task in stored]},
                recovery=(*error.recovery, "parhelia controller start", "parhelia task list"),
            ) from error

    def _prepare_spending(self, wanted: Mapping[str, float], fresh: list[Task]) -> None:
        """Refuse tasks for which there is no money, set their ceilings, and hand over the key.

        Args:
            wanted: ceilings in USD by the ids of tasks.

        Raises:
            ParheliaError: E300 when the ceiling for everything or for today is spent.
        """
        from parhelia_tui.core.agents.registry import network_of
        from parhelia_tui.core.client.budgets import Budgets
        from parhelia_tui.core.settings.config_files import load

        config = load().config
        budgets = Budgets(self.paths, self.owner, lambda: self._db, self._clock, self._find)
        spenders = [
            task
            for task in fresh
            if task.network in ("api", "allowlist")
            or (task.network == "open" and network_of(task.agent) == "api")
            # Sandboxes cost by the second, whatever runs in them.
            or task.backend != "local"
        ]
        if spenders:
            # A sandbox is paid with money, whoever pays for the model.
            anywhere = any(task.backend != "local" for task in spenders)
            budgets.check(None if anywhere else config.api)
            bounded = {task.id: wanted[task.id] for task in spenders if task.id in wanted}
            budgets.begin(spenders, bounded, config.budget.plan_usd)
        # A controller that we start ourselves has our environment; one that was started elsewhere is told.
        value = os.environ.get(config.api.key_env)
        if value and holder(self.paths.controller_lock) is not None:
            with contextlib.suppress(ParheliaError):
                ask(self.paths.controller_socket, {"op": "key", "value": value}, timeout_s=5.0)

    def _find(self, text: str) -> Task:
        return tasks.resolve(self._db, text)

    def check(self, request: TaskRequest) -> None:
        """Check a request as `create_task` does, and store nothing. Raises as `create_task`."""
        self._new_tasks(request, None, set())

    def _new_tasks(self, request: TaskRequest, batch: str | None, given: set[str]) -> list[Task]:
        """Make the one task of a request, or its group with the part of each target behind it.

        Args:
            given: ids of tasks that are made together with these and not stored yet; theirs come to it.
        """
        from parhelia_tui.core.agents.registry import agent

        adapter = agent(request.agent)
        refuse_keys(_said(request))
        if request.backend == "local":
            adapter.need()
        task = self._new_task(request, batch, self._new_id(given))
        self._refuse_impossible(task)
        parts = [
            self._part(request, task, number, self._new_id(given)) for number in range(len(request.targets))
        ]
        for each in parts or [task]:
            adapter.check(each.prompt, each.agent_options)
        return [dataclasses.replace(task, parts=len(parts)), *parts] if parts else [task]

    def forced_end_s(self, task: Task) -> float | None:
        """Say after how many seconds a task is ended elsewhere although it was to have longer; None where it is not."""
        if task.backend == "local":
            return None
        from parhelia_tui.core.client.placement import forced_end_s

        return forced_end_s(task)

    def placement(self, request: TaskRequest) -> Choice | Refusal:
        """Say where a task would go now and what an hour of it costs, or why it would wait.

        Raises:
            ParheliaError: as `create_task`, E603 where it can go nowhere.
        """
        # Late, as all that only a new task needs: what is shown first waits for what is imported above.
        from parhelia_tui.core.client.placement import place

        return place(self.paths, self._db, self._new_tasks(request, None, set())[0], self._clock())

    def _refuse_impossible(self, task: Task) -> None:
        """Refuse what no backend could ever give a task, before anything is stored. Raises E603, E700."""
        if task.backend == "local" and task.limits.gpu is None and task.limits.region is None:
            # This machine gives all else, and looking at backends would take a tenth of a second of each start.
            return
        from parhelia_tui.core.client.placement import refuse_impossible

        refuse_impossible(self.paths, task)

    def _mounts(self, request: TaskRequest) -> tuple[Mount, ...]:
        if not request.mounts:
            return ()
        from parhelia_tui.core.agents.registry import agent
        from parhelia_tui.core.client.mounting import usable_mounts

        return usable_mounts(request, agent(request.agent), self.paths)

    def _image(self, request: TaskRequest) -> str:
        if request.image is None:
            return ""
        from parhelia_tui.core.client.images import usable_image

        return usable_image(
            request.image, self.paths, backend=request.backend, unsandboxed=request.unsandboxed
        )

    def _new_id(self, given: set[str]) -> str:
        found = fresh_id("t", lambda each: each in given or tasks.is_taken(self._db, each), self._random)
        given.add(found)
        return found

    def _part(self, request: TaskRequest, group: Task, number: int, part_id: str) -> Task:
        from parhelia_tui.core.model.targets import filled

        target = request.targets[number]
        prompt = filled(group.prompt, target, group.agent)
        return dataclasses.replace(
            group,
            id=part_id,
            parent_id=group.id,
            target=target,
            prompt=prompt,
            title=one_line(filled(request.title, target, "") if request.title else prompt, 120),
            slug=slug(target),
            workspace=str(self.paths.workspaces / part_id)
            if group.workspace_mode == "empty"
            else group.workspace,
            created_at=group.created_at + (number + 1) * IN_ORDER_S,
        )

    def _new_task(self, request: TaskRequest, batch: str | None, task_id: str) -> Task:
        from parhelia_tui.core.backends.registry import BACKENDS
        from parhelia_tui.core.model.placement import AUTO

        known = sorted({*BACKENDS, AUTO})
        if request.backend not in known:
            raise ParheliaError(
                "E603",
                f"there is no backend {request.backend!r}; there is {', '.join(known)}",
                details={"known": known},
            )
        if request.persistent and request.unsandboxed:
            raise ParheliaError(
                "E101",
                "persistent and unsandboxed exclude each other: without isolation there is no system to keep",
                recovery=("parhelia run --persistent COMMAND", "parhelia run --unsandboxed COMMAND"),
            )
        mode = request.workspace_mode
        if request.backend != "local" and mode == "shared":
            # What is elsewhere works on a copy, and what it did comes back into that copy.
            mode = "clone"
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
            mounts=self._mounts(request),
            image=self._image(request),
            owner=self.owner,
        )


def _ceilings(requests: Sequence[TaskRequest], made: Sequence[Sequence[Task]]) -> dict[str, float]:
    """What each task may spend by its request, in USD by id: a group for all its parts, and each part by itself."""
    found: dict[str, float] = {}
    for request, (task, *parts) in zip(requests, made, strict=True):
        if request.budget_usd is not None:
            found[task.id] = request.budget_usd
        if request.budget_each_usd is not None:
            found.update((part.id, request.budget_each_usd) for part in parts)
    return found


def _said(request: TaskRequest) -> dict[str, str]:
    """The texts of a request that are stored, by what each is in words."""
    said = {"the prompt": request.prompt, "the title": request.title or ""}
    said |= {f"the variable {name}": value for name, value in request.env.items()}
    said |= {f"the option {name}": str(value) for name, value in request.agent_options.items()}
    said |= {f"target {number}": target for number, target in enumerate(request.targets, 1)}
    return said
