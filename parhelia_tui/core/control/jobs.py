"""The controller's running work: each job has a name, runs once at a time and is owned here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError

Name = tuple[str, str]
"""What is done, and to what: ("create", "c-1a2b3c4d")."""


class Jobs:
    """Starts jobs, remembers them, and cancels and awaits what is left at the end.

    Args:
        logger: where failures that a job did not handle are written, each once until it passes.
        done: called with the name of each job that has ended, and whether it failed.
    """

    def __init__(self, logger: logging.Logger, done: Callable[[Name, bool], None]) -> None:
        self._logger = logger
        self._done = done
        self._running: dict[Name, asyncio.Task[None]] = {}
        self._failing: dict[Name, str] = {}

    def start(self, name: Name, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Start a job unless one of this name runs; False when one does."""
        if name in self._running:
            return False
        task = asyncio.create_task(work(), name=" ".join(name))
        self._running[name] = task
        task.add_done_callback(lambda ended: self._ended(name, ended))
        return True

    def runs(self, name: Name) -> bool:
        """Say whether a job of this name runs."""
        return name in self._running

    async def wait(self, name: Name) -> None:
        """Return when no job of this name runs."""
        task = self._running.get(name)
        if task is not None:
            await asyncio.wait([task])

    def names(self) -> list[Name]:
        """Name the jobs that run."""
        return list(self._running)

    async def close(self) -> None:
        """Cancel every job and wait for their ends."""
        left = list(self._running.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _ended(self, name: Name, task: asyncio.Task[None]) -> None:
        del self._running[name]
        error = None if task.cancelled() else task.exception()
        if error is None:
            self._failing.pop(name, None)
        elif self._failing.get(name) != str(error):
            # What is tried again every second and fails each time is said once.
            self._failing[name] = str(error)
            known = isinstance(error, ParheliaError)
            self._logger.error("job %s fails: %s", " ".join(name), error, exc_info=None if known else error)
        self._done(name, error is not None)
