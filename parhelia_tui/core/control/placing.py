"""Where a task goes that leaves the choice to us, and what waits for room at a provider."""

from __future__ import annotations

import sqlite3
from functools import cached_property

from parhelia_tui.core.agents.places import lacks
from parhelia_tui.core.backends.offers import Machine, machine, needs_of, offers
from parhelia_tui.core.control import room, spending
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.meter.left import left, promised
from parhelia_tui.core.model.placement import AUTO, Choice, Refusal, choose
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import containers, events, tasks


class Placing:
    """One look at what runs, for all tasks that are begun in one round.

    Args:
        context: the tools of the controller.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, dict[str, str]] = {}

    @cached_property
    def _live(self) -> list[Container]:
        return containers.live(self._context.db)

    @cached_property
    def _machine(self) -> Machine:
        return machine()

    def begun(self, container: Container) -> None:
        """Count a container that was just stored."""
        self._live.append(container)

    def place(self, tx: sqlite3.Connection, task: Task) -> Choice | None:
        """Say where a task goes; None where it does not go now, which then is told on it.

        One that names its backend goes there, if there is room.
        """
        context = self._context
        if task.backend != AUTO:
            most = context.config.modal.max_containers
            full = task.backend == "modal" and sum(each.backend == "modal" for each in self._live) >= most
            if not full:
                return self._if_room(tx, task, Choice(task.backend, task.limits, "", None))
            self._wait(tx, task, "waits for room: modal holds as many containers as it may")
            return None
        book = spending.open_book(context)
        bounds = left(tx, book, task, context.clock(), promised(self._live)) if book is not None else []
        needs = needs_of(task, self._lacks(task.agent))
        found = choose(needs, offers(context.config, self._live, self._machine), bounds)
        if isinstance(found, Choice):
            return self._if_room(tx, task, found)
        if found.for_now:
            self._wait(tx, task, f"waits for room: {found.why}")
        else:
            self._refuse(tx, task, found)
        return None

    def _lacks(self, agent: str) -> dict[str, str]:
        if agent not in self._known:
            images = {name: each.image for name, each in self._context.backends.items()}
            self._known[agent] = lacks(agent, images)
        return self._known[agent]

    def _if_room(self, tx: sqlite3.Connection, task: Task, choice: Choice) -> Choice | None:
        """Give a choice back, unless its backend has just said that there is no room."""
        why = room.why_none(self._context, choice.backend, choice.limits.gpu)
        if not why:
            return choice
        self._wait(tx, task, why)
        return None

    def _wait(self, tx: sqlite3.Connection, task: Task, said: str) -> None:
        """Say once why a task stays in the queue."""
        if task.reason != said:
            tasks.update(tx, task, reason=said)
            events.append(tx, "task.held_back", said, task_id=task.id, at=self._context.clock())

    def _refuse(self, tx: sqlite3.Connection, task: Task, refusal: Refusal) -> None:
        now, why = self._context.clock(), f"E603: {refusal.why}"
        tasks.move(tx, task, TaskState.FAILED, reason=why, finished_at=now)
        events.append(
            tx,
            "task.failed",
            f"{task.title}: {why}",
            level="error",
            task_id=task.id,
            at=now,
            data={"code": "E603"},
        )


def tell(tx: sqlite3.Connection, task: Task, container: Container, choice: Choice, at: float) -> None:
    """Write down what was chosen for a task, and why."""
    events.append(
        tx,
        "task.placed",
        f"on {choice.backend}: {choice.why}",
        task_id=task.id,
        container_id=container.id,
        at=at,
        data={
            "backend": choice.backend,
            "cpus": choice.limits.cpus,
            "memory_mb": choice.limits.memory_mb,
            "gpu": choice.limits.gpu,
            "usd_per_hour": choice.usd_per_hour,
        },
    )
