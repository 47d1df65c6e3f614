"""Questions that may take long, for a thread of their own: each opens a client and closes it."""

from __future__ import annotations

from contextlib import closing

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Container, Heartbeat, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE
from parhelia_tui.core.settings.paths import Paths


def log_of(paths: Paths, task_id: str, lines: int) -> list[str]:
    """Read the last lines that a task printed, safe to show. Raises E201."""
    with closing(Client(paths)) as door:
        return door.log_tail(task_id, lines)


def heartbeats_of(paths: Paths, container_ids: list[str], limit: int) -> dict[str, tuple[Heartbeat, ...]]:
    """Read the newest heartbeats of containers."""
    with closing(Client(paths)) as door:
        return {each: door.heartbeats(each, limit) for each in container_ids}


def live_containers(paths: Paths) -> list[Container]:
    """Read all containers that have not ended."""
    with closing(Client(paths)) as door:
        return door.containers(tuple(CONTAINER_LIVE))


def older_tasks(paths: Paths, than: tuple[float, str] | None, limit: int) -> list[Task]:
    """Read the next piece of all tasks, newest first."""
    with closing(Client(paths)) as door:
        return door.older_tasks(than, limit)
