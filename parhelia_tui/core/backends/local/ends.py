"""How a container on this machine ends: its supervisor, its processes, its tmux server, its run directory."""

from __future__ import annotations

import asyncio

from parhelia_tui.core.backends.local import run_directory, shim_client, tmux
from parhelia_tui.core.backends.local.sweep import sweep
from parhelia_tui.core.backends.local.waiting import until
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths

END_S = 10.0
"""Seconds beyond the grace that a shim has for its end, and the kernel for that of its processes."""


class Ends:
    """Ends containers, and knows of which no process can be left.

    Args:
        paths: the state directory, below which every container has its run directory.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._swept: set[str] = set()

    async def terminate(self, container_id: str, reason: str, grace_s: float) -> None:
        """End a container and its whole process tree, and its tmux server.

        Args:
            grace_s: seconds that its processes have to end by themselves.

        Raises:
            ParheliaError: E501 when something of it does not end.
        """
        run = self._paths.container(container_id)
        if not run.is_dir():
            await self.sweep(container_id)
            return
        if not run_directory.is_alive(run):
            # A shim may be about to start in a pane; without its pane it cannot.
            await tmux.end(self._paths.tmux_socket(container_id))
        if run_directory.is_alive(run):
            await self._end_shim(container_id, reason, grace_s)
        await self.sweep(container_id)
        await tmux.end(self._paths.tmux_socket(container_id))

    async def abandon(self, container_id: str) -> None:
        """End what does not come to its start; later it would work for a task that has failed.

        Raises:
            ParheliaError: E501 when it cannot be ended.
        """
        run_directory.kill_shim(self._paths.container(container_id))
        await tmux.end(self._paths.tmux_socket(container_id))
        await self._until_dead(container_id)
        await self.sweep(container_id)

    async def sweep(self, container_id: str) -> None:
        """End every process that a dead supervisor has left.

        Raises:
            ParheliaError: E501 when one cannot be ended.
        """
        if container_id in self._swept:
            return
        if not await asyncio.to_thread(sweep, self._paths.container(container_id)):
            raise ParheliaError("E501", f"a process of container {container_id} cannot be ended")
        if run_directory.was_started(self._paths.container(container_id)):
            # A container starts at most once, so there is nothing to come.
            self._swept.add(container_id)

    async def remove(self, container_id: str) -> None:
        """Forget an ended container: its run directory goes, its workspace stays.

        Raises:
            ParheliaError: E103 while it lives, E500 when its directory cannot be removed.
        """
        run = self._paths.container(container_id)
        if run_directory.is_alive(run):
            raise ParheliaError("E103", f"container {container_id} still runs")
        if run.is_dir():
            await self.sweep(container_id)
        await self.clear_away(container_id)

    async def clear_away(self, container_id: str) -> None:
        """Remove the run directory of a container of which nothing runs, and its tmux server.

        Raises:
            ParheliaError: E500 when its directory cannot be removed.
        """
        await tmux.end(self._paths.tmux_socket(container_id))
        self._paths.shim_socket(container_id).unlink(missing_ok=True)
        run = self._paths.container(container_id)
        if run.exists():
            await asyncio.to_thread(run_directory.remove, run)
        self._swept.discard(container_id)

    async def _end_shim(self, container_id: str, reason: str, grace_s: float) -> None:
        run = self._paths.container(container_id)
        address = self._paths.shim_socket(container_id)
        try:
            # A shim that is starting holds its lock before it listens.
            await until(lambda: address.exists() or not run_directory.is_alive(run), END_S)
            await shim_client.terminate(address, reason, grace_s, grace_s + END_S)
        except (OSError, TimeoutError):
            # It does not answer or does not end. Its own death ends the container just as well.
            run_directory.kill_shim(run)
        await self._until_dead(container_id)

    async def _until_dead(self, container_id: str) -> None:
        run = self._paths.container(container_id)
        try:
            await until(lambda: not run_directory.is_alive(run), END_S)
        except TimeoutError as error:
            raise ParheliaError("E501", f"the supervisor of {container_id} does not end") from error
