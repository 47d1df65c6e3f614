"""Ending what is to be cancelled while the disk is full, when neither the wish nor the end can be recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.jobs import Jobs, Name
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import CONTAINER_LIVE
from parhelia_tui.core.settings.disk import is_full
from parhelia_tui.core.store import containers, kept_cancels, tasks


def take(context: Context) -> None:
    """Bring the wishes to cancel that were kept into the store; to be called before an end is stored.

    Raises:
        ParheliaError: E507 as long as there is no room.
    """
    kept_cancels.take(context.paths.kept_cancels, context.db)


class Ender:
    """Ends containers as long as a round cannot, since a round records what it does before it goes on.

    Args:
        context: the tools of the parts.
        others: names the jobs of the rounds.
    """

    def __init__(self, context: Context, others: Callable[[], Sequence[Name]]) -> None:
        self._context = context
        self._others = others
        self._jobs = Jobs(context.logger, lambda name, failed: None)
        self._ended: set[str] = set()

    async def close(self) -> None:
        """Cancel and await what runs."""
        await self._jobs.close()

    def look(self) -> None:
        """Store the wishes that were kept; while there is no room, end what runs of cancelled tasks at once."""
        context = self._context
        full = is_full(context.paths.home)
        try:
            take(context)
        except ParheliaError as error:
            if error.code != "E507":
                raise
            full = True
        if full:
            self._end_all()
        else:
            self._ended.clear()

    def _end_all(self) -> None:
        context = self._context
        wanted = {task.id: task.reason for task in tasks.unwanted(context.db)}
        for each in kept_cancels.kept(context.paths.kept_cancels):
            for task in (each.task_id, *(part.id for part in tasks.of_group(context.db, each.task_id))):
                wanted[task] = each.reason
        for container in containers.live(context.db):
            name = ("end", container.id)
            # One that is being made is ended when it is there; what a round ends is being ended.
            busy = container.id in context.being_created or name in self._others()
            if container.task_id in wanted and container.id not in self._ended and not busy:
                self._start(container.id, wanted[container.task_id])

    def _start(self, container_id: str, reason: str) -> None:
        context = self._context

        async def end() -> None:
            container = containers.get(context.db, container_id)
            if container.state not in CONTAINER_LIVE:
                return
            await context.backend_of(container).terminate(
                container_id, reason=reason, grace_s=context.config.local.grace_s
            )
            self._ended.add(container_id)

        self._jobs.start(("end", container_id), end)
