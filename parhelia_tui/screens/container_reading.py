"""Reading all about one container, in a thread."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.insides import Process, SpoolLine
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Heartbeat, Task
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store.reached import Reached

BEATS_KEPT = 8640
"""A day of heartbeats; older ones are not kept."""
FRESH = 30
"""Heartbeats that are read again each time."""
SPOOL_LINES = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of a container at one moment."""

    container: Container
    task: Task | None
    beats: tuple[Heartbeat, ...]
    processes: list[Process] | None
    hosts: list[Reached]
    spool: list[SpoolLine]
    elsewhere: str
    """The provider's own id of it; empty where it has none."""


def read(paths: Paths, container_id: str, beats: int) -> Seen:
    """Read all about a container, in a thread.

    Args:
        paths: the state directory.
        beats: how many heartbeats, the last ones.

    Raises:
        ParheliaError: E203, E500.
    """
    from parhelia_tui.core.client.insides import processes, spool_tail

    with closing(Client(paths)) as door:
        container = door.container(container_id)
        try:
            task = door.task(container.task_id)
        except ParheliaError:
            # It is kept no more.
            task = None
        return Seen(
            container,
            task,
            door.heartbeats(container_id, beats),
            processes(paths, container),
            door.hosts_of(container_id),
            spool_tail(paths, container, SPOOL_LINES),
            door.provider_id(container),
        )
