"""What is seen of the containers of this machine: their run directories, locks and exit records."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from parhelia_tui.core.backends.base import Listing, Sighting
from parhelia_tui.core.backends.local import run_directory, tmux
from parhelia_tui.core.backends.local.ends import Ends
from parhelia_tui.core.backends.local.sweep import is_there
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths


class Looks:
    """Looks at containers.

    Args:
        paths: the state directory, below which every container has its run directory.
        ends: ends what a supervisor left that died without a word.
    """

    def __init__(self, paths: Paths, ends: Ends) -> None:
        self._paths = paths
        self._ends = ends

    async def list(self) -> Listing:
        """Look at every run directory but those of containers that are elsewhere."""
        seen: dict[str, Sighting] = {}
        try:
            with os.scandir(self._paths.containers) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            for name in names:
                if (self._paths.container(name) / run_directory.ELSEWHERE).exists():
                    continue
                sighting = await self.look(name)
                if sighting is not None:
                    seen[name] = sighting
        except (OSError, ParheliaError) as error:
            return Listing(seen, complete=False, error=str(error))
        return Listing(seen, complete=True)

    async def look(self, container_id: str) -> Sighting | None:
        """Look at one container; of a dead one without an exit record every process is gone afterwards.

        Raises:
            ParheliaError: E501 when such a process cannot be ended, E500 when it cannot be looked at, or when
                its run directory is gone while it lives.
        """
        run = self._paths.container(container_id)
        if not _has_directory(run):
            # Moved away, or another file system lies over it: what lives is not gone.
            if await asyncio.to_thread(is_there, run):
                raise ParheliaError("E500", f"{run} is gone, but the processes of {container_id} are there")
            return None
        # In this order: a shim takes its lock before it begins, so who has begun and holds none is dead.
        started = run_directory.was_started(run)
        alive = run_directory.is_alive(run)
        record = None if alive else run_directory.exit_of(run)
        if started and not alive and record is None:
            if not _has_directory(run):
                raise ParheliaError("E500", f"{run} went away while it was looked at")
            await self._ends.sweep(container_id)
        return Sighting(
            container_id=container_id,
            alive=alive,
            started=started or alive,
            exit=record,
            terminal=not alive or tmux.answers(self._paths.tmux_socket(container_id)),
        )


def _has_directory(run: Path) -> bool:
    """Say whether there is a run directory.

    Raises:
        ParheliaError: E500 when nobody can tell: a place that is gone or closed is no evidence.
    """
    try:
        try:
            mode = run.stat(follow_symlinks=False).st_mode
        except FileNotFoundError:
            with os.scandir(run.parent):
                return False
    except OSError as error:
        raise ParheliaError("E500", f"{run} cannot be looked at: {error.strerror}") from error
    if not stat.S_ISDIR(mode):
        raise ParheliaError("E500", f"{run} is no directory")
    return True
