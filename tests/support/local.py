"""The local backend by itself: containers with no controller and no store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.base import ExitRecord, Sighting
from parhelia_tui.core.backends.local.backend import LocalBackend
from parhelia_tui.core.backends.plan import ContainerPlan
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.settings.config_backends import LocalConfig
from parhelia_tui.core.settings.paths import Paths
from tests.support.waiting import wait_until


class Local:
    """Creates containers by the backend alone, and ends them.

    Args:
        paths: the state directory.
    """

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.backend = LocalBackend(paths, heartbeat_s=10.0, system_paths=LocalConfig().system_paths)
        self._ids: list[str] = []

    def create(self, command: str, workspace: Path, **plan: Any) -> str:
        """Start a shell command, and give the container's id; `plan` are fields of the plan."""
        container_id = new_id("c")
        self._ids.append(container_id)
        fields = {"command": ["/bin/sh", "-c", command], "workspace": workspace, **plan}
        asyncio.run(
            self.backend.create(ContainerPlan(container_id=container_id, session_name="ph-test", **fields))
        )
        return container_id

    def run(self, container_id: str) -> Path:
        """The run directory."""
        return self.paths.container(container_id)

    def look(self, container_id: str) -> Sighting:
        """What the backend sees of it."""
        seen = asyncio.run(self.backend.look(container_id))
        assert seen is not None
        return seen

    def end(self, container_id: str) -> ExitRecord:
        """Wait for its own end, and give the record of it."""
        wait_until(lambda: not self.look(container_id).alive, 30)
        record = self.look(container_id).exit
        assert record is not None
        return record

    def terminate(self, container_id: str, grace_s: float = 0.0) -> None:
        """End it."""
        asyncio.run(self.backend.terminate(container_id, reason="the test is over", grace_s=grace_s))

    def close(self) -> None:
        """End and remove all of them."""
        for container_id in self._ids:
            self.terminate(container_id)
            asyncio.run(self.backend.remove(container_id))
