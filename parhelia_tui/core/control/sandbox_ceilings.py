"""Ending sandboxes whose seconds have spent a ceiling: whoever pays for the model, they are paid with money."""

from __future__ import annotations

from parhelia_tui.core.control import ceilings
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.egress_news import BUDGET
from parhelia_tui.core.meter.left import words
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import containers, events
from parhelia_tui.core.store.connection import writing

EVERY_S = 10.0
"""Seconds between two looks; a sandbox costs beyond its ceiling for so long at most."""


class Ceilings:
    """Looks at what runs at providers.

    Args:
        context: the tools of the controller.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waits_since: dict[str, float] = {}

    def look(self) -> None:
        """Want the end of each sandbox whose ceiling is spent.

        One that is held still at its ceiling waits for a person, but not for longer than a sandbox waits for
        anybody (`modal.linger_s`): its work is in a checkpoint, and its seconds cost as before.
        """
        context = self._context
        running = ceilings.at_providers(context)
        look = ceilings.look(context) if running else None
        spent = {task.id: scope for _, task in running if look is not None and (scope := look.of(task))}
        self._waits_since = {name: at for name, at in self._waits_since.items() if name in spent}
        now = context.clock()
        for container, task in running:
            if task.id in spent and not self._may_wait(task, now):
                why = f"E300: {words(spent[task.id])} is spent, and its sandbox costs by the second"
                self._end(container, why)

    def _may_wait(self, task: Task, now: float) -> bool:
        if (task.state, task.reason) != (TaskState.WAITING, BUDGET):
            return False
        since = self._waits_since.setdefault(task.id, now)
        return now - since < self._context.config.modal.linger_s

    def _end(self, container: Container, why: str) -> None:
        with writing(self._context.db) as tx:
            current = containers.get(tx, container.id)
            if current.wanted != "run":
                return
            containers.update(tx, current, wanted="terminate", reason=why)
            events.append(
                tx,
                "container.too_dear",
                why,
                level="warning",
                task_id=container.task_id,
                container_id=container.id,
                at=self._context.clock(),
                data={"code": "E300"},
            )
