"""How one may go on after a failure."""

from __future__ import annotations

from enum import StrEnum

from parhelia_tui.core.model.records import Checkpoint, Task
from parhelia_tui.core.model.states import TASK_SETTLED


class Way(StrEnum):
    """What to do with a task that something has happened to."""

    RESUME = "resume"
    ROLLBACK = "rollback"
    RETRY = "retry"
    INSPECT = "inspect"


def ways(task: Task, last: Checkpoint | None) -> list[Way]:
    """Say which ways there are, the best one first.

    Args:
        last: the newest checkpoint that can be used.
    """
    settled = task.state in TASK_SETTLED
    found = []
    if last is not None:
        found = [Way.RESUME, Way.ROLLBACK] if settled else [Way.ROLLBACK]
    return [*found, *([Way.RETRY] if settled else []), Way.INSPECT]
