"""Letting go of what is old, in small pieces so that no writer waits long."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import CONTAINER_ENDED
from parhelia_tui.core.store import approvals, containers, events, intents, replies, spares, trash
from parhelia_tui.core.store.connection import writing

PIECE = 2000
"""Rows a transaction: some milliseconds. 200,000 at once would hold up writers for a second."""


@dataclass(slots=True)
class Swept:
    """What a sweep over the run directories of ended containers did, or would do.

    Args:
        removed: ids whose run directories went; their rows, events and workspaces stay.
        kept: ids with the reason why they stay.
    """

    removed: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


async def expire(context: Context) -> None:
    """Remove what the configuration calls old: heartbeats, events, run directories of ended containers.

    What intents became of is kept as long as events. Workspaces and the ledger are never touched.
    """
    keep = context.config.retention
    now = context.clock()
    for what, remove, kept_s in (
        ("heartbeats", containers.remove_heartbeats_before, keep.heartbeats_h * 3600),
        ("events", events.remove_before, keep.events_days * 86400),
        ("answered questions", approvals.remove_before, keep.events_days * 86400),
        ("settled replies", replies.remove_before, keep.events_days * 86400),
        ("tasks of the trash", trash.remove_before, keep.trash_days * 86400),
        ("answered requests", intents.remove_before, keep.events_days * 86400),
    ):
        gone = await _in_pieces(context, remove, now - kept_s)
        if gone:
            with writing(context.db) as tx:
                why = f"{gone} {what} older than {kept_s / 3600:g} hours were removed"
                events.append(tx, "retention.removed", why, at=context.clock())
    ended = containers.listed(context.db, states=tuple(CONTAINER_ENDED))
    for index, container in enumerate(ended):
        age_days = (now - (container.finished_at or now)) / 86400
        old = index >= keep.ended_containers or age_days > keep.ended_containers_days
        if old and not _keeps_system(context, container):
            try:
                await _remove(context, container)
            except ParheliaError as error:
                # One that cannot go keeps none of the others; it is tried again the next time.
                context.logger.warning("%s is kept: %s", container.id, error)


async def sweep(
    context: Context, *, dry_run: bool, persistent: bool = False, older_than_s: float = 0.0
) -> Swept:
    """Remove the run directories of ended containers.

    Args:
        dry_run: only say which.
        persistent: also those that keep a system for the next container in their place.
        older_than_s: seconds since their end; what ended later stays.

    What is at a backend that cannot be listed stays, and is told of with the reason: whether it runs is not known.
    """
    swept = Swept()
    for name, backend in context.backends.items():
        listing = await backend.list()
        if not listing.complete:
            _keep_all_of(context, name, listing.error, swept)
            continue
        for container_id, sight in listing.seen.items():
            container = containers.find(context.db, container_id)
            if container is None:
                spare = spares.find(context.db, container_id)
                swept.kept[container_id] = "nothing is known of it" if spare is None else "it is a spare"
            elif sight.alive or container.state not in CONTAINER_ENDED:
                swept.kept[container_id] = "it runs"
            elif not persistent and _keeps_system(context, container):
                swept.kept[container_id] = "it is persistent"
            elif context.clock() - (container.finished_at or 0) < older_than_s:
                swept.kept[container_id] = "it has not ended so long ago"
            else:
                try:
                    if dry_run or await _remove(context, container):
                        swept.removed.append(container_id)
                except ParheliaError as error:
                    swept.kept[container_id] = error.message
    return swept


def _keep_all_of(context: Context, backend: str, error: str, swept: Swept) -> None:
    for container in containers.listed(context.db):
        if container.backend == backend and context.paths.container(container.id).is_dir():
            swept.kept[container.id] = f"{backend} cannot be listed: {error}"


def _keeps_system(context: Context, container: Container) -> bool:
    return container.persistent and context.backend_of(container).keeps_system(container.id)


async def _remove(context: Context, container: Container) -> bool:
    """Remove a run directory; False when somebody else has done so meanwhile."""
    async with context.taking_apart:
        if not context.paths.container(container.id).is_dir():
            return False
        await context.backend_of(container).remove(container.id)
    tell(context, container, "container.removed", "its run directory was removed; its workspace stays")
    return True


async def _in_pieces(
    context: Context, remove: Callable[[sqlite3.Connection, float, int], int], before: float
) -> int:
    gone = 0
    while True:
        with writing(context.db) as tx:
            piece = remove(tx, before, PIECE)
        gone += piece
        if piece < PIECE:
            return gone
        await asyncio.sleep(0)
