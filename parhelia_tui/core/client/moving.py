"""A task that goes on somewhere else than where it began."""

from __future__ import annotations

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store.changes import Value


def moved(task: Task, backend: str | None) -> dict[str, Value]:
    """Say what changes of a task when it goes on at another backend; nothing where it stays.

    What is elsewhere works on a copy, so a directory of this machine becomes one. What only the other place can
    give is not asked for any more.

    Raises:
        ParheliaError: E603 for a backend that there is not, or that cannot have what the task shows.
    """
    from parhelia_tui.core.backends.registry import BACKENDS
    from parhelia_tui.core.client.mounting import refuse_elsewhere

    if backend is None or backend == task.backend:
        return {}
    if backend not in BACKENDS:
        raise ParheliaError(
            "E603",
            f"there is no backend {one_line(backend, 40)!r}; there is {', '.join(sorted(BACKENDS))}",
            details={"known": sorted(BACKENDS)},
        )
    changes: dict[str, Value] = {"backend": backend}
    if backend == "local":
        return {**changes, "gpu": None, "region": None}
    refuse_elsewhere(backend, task.mounts)
    if task.workspace_mode == "shared":
        changes["workspace_mode"] = "clone"
    return {**changes, "persistent": 0, "unsandboxed": 0, "image": ""}


def told(task: Task, changes: dict[str, Value]) -> str:
    """Say in words what changes, as the end of a line of the history; empty where nothing does."""
    if not changes:
        return ""
    said = f", at {changes['backend']} instead of {task.backend}"
    if "gpu" in changes and task.limits.gpu:
        said += f", without its {task.limits.gpu}"
    if changes.get("workspace_mode") == "clone":
        said += ", on a copy of its directory"
    return said
