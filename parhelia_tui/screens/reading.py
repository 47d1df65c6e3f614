"""Questions that may take long, for a thread of their own: each opens a client and closes it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Container, Heartbeat, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE
from parhelia_tui.core.settings.paths import Paths

if TYPE_CHECKING:
    from parhelia_tui.core.backends.base import Endpoint
    from parhelia_tui.core.store.reached import Reached


def log_of(paths: Paths, task_id: str, lines: int) -> list[str]:
    """Read the last lines that a task printed, safe to show. Raises E201."""
    with closing(Client(paths)) as door:
        return door.log_tail(task_id, lines)


def grown(paths: Paths, task: Task) -> tuple[int, float]:
    """Say how many bytes a task has printed and when the last of them came (epoch seconds); 0 where nothing is there."""
    with closing(Client(paths)) as door:
        path = door.log_path(task)
    try:
        seen = path.stat() if path else None
    except OSError:
        # Not begun yet, or removed with its container after a while.
        seen = None
    return (seen.st_size, seen.st_mtime) if seen else (0, 0.0)


def hosts_of(paths: Paths, container_id: str) -> list[Reached]:
    """Read which hosts a container called and which it was denied, the last one first."""
    with closing(Client(paths)) as door:
        return door.hosts_of(container_id)


def endpoint_of(paths: Paths, task_id: str) -> Endpoint:
    """Say where the terminal of a task is. Raises E200, E601."""
    with closing(Client(paths)) as door:
        return door.endpoint(task_id)


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
