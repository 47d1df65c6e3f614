"""Which keys do something for the chosen task, and why the others do not."""

from __future__ import annotations

from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import CONTAINER_ENDED, TASK_ENDED, TASK_SETTLED, TaskState
from parhelia_tui.core.settings.read_only import is_read_only

CHANGES = ("new", "attach", "tell", "cancel", "retry", "checkpoint", "trash", "undo", "budget", "terminate")
"""Actions that change something; the ones of further screens are refused by the client (E401)."""
FOR_MARKED = ("tell", "cancel", "retry", "checkpoint", "trash")
"""Actions that are done for all marked tasks, where there are any."""

_OF_A_PART = ("attach", "tell", "log", "checkpoint", "checkpoints", "hosts")
"""What is done to the parts of a group, one by one."""


def why_not(action: str, task: Task | None, container: Container | None = None) -> str:
    """Say why an action on a task can do nothing now; empty where it can, and for what needs no task.

    Args:
        action: the name of an action of the home screen.
        task: the chosen one.
        container: its own, while it lives.
    """
    if action in CHANGES and is_read_only():
        return "the dashboard is read-only"
    if action not in (
        "attach",
        "tell",
        "cancel",
        "retry",
        "log",
        "checkpoint",
        "checkpoints",
        "details",
        "budget",
        "hosts",
        "trash",
        "copy",
        "terminate",
    ):
        return ""
    if task is None:
        return "no task is chosen"
    if task.is_group and action in _OF_A_PART:
        return "a group has no container of its own; Enter shows its parts"
    ended, begun = task.state in TASK_SETTLED, task.state not in (TaskState.PENDING, TaskState.DISPATCHING)
    if action == "attach" and not begun:
        return f"the task is {task.state} and has no terminal yet"
    if action == "attach" and task.state not in (TaskState.RUNNING, TaskState.WAITING):
        return f"the task is {task.state}; l shows what it printed"
    if action == "tell" and task.state not in (TaskState.RUNNING, TaskState.WAITING):
        return f"the task is {task.state}, so there is nobody to tell"
    if action == "cancel" and task.state in TASK_ENDED:
        return f"the task is {task.state} already"
    if action == "cancel" and task.wanted == "cancel":
        return "the task is being cancelled already"
    if action == "retry" and not ended and not task.is_group:
        return f"the task is {task.state}; only an ended one is tried again"
    if action == "budget" and task.state in TASK_ENDED:
        return f"the task is {task.state} and spends nothing more"
    if action == "hosts" and task.container_id is None:
        return "the task has no container yet, so it has called nobody"
    if action == "trash" and task.state not in TASK_ENDED:
        return f"the task is {task.state}; only an ended one is put into the trash"
    if action == "terminate" and task.container_id is None:
        return "the task has no container"
    if action == "terminate" and (container is None or container.state in CONTAINER_ENDED):
        return "its container has ended"
    if action == "log" and task.attempt == 0:
        return "the task has printed nothing yet: it has not begun"
    if action == "checkpoint" and task.attempt == 0:
        return "the task has not begun, so there is nothing to keep"
    return ""
