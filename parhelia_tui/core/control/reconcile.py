"""Comparing what runs with what is stored, over everything that a backend can see."""

from __future__ import annotations

from dataclasses import dataclass, field

from parhelia_tui.core.backends.base import Listing
from parhelia_tui.core.control import answering, drifting, health, spares
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.settle import end, settle
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import CONTAINER_ENDED, ContainerState
from parhelia_tui.core.store import containers, events
from parhelia_tui.core.store.changes import insert, next_rev
from parhelia_tui.core.store.connection import writing


@dataclass(slots=True)
class Round:
    """What one round saw and did.

    Args:
        complete: False when a backend could not list; then nothing was concluded from what was missing.
        seen: containers that a backend sees.
        live: containers that are stored as live.
        settled: live ones that were compared one by one.
        orphans: seen alive, but unknown to the store.
        returned: stored as lost, but seen alive.
        stale: alive, but silent for longer than `health.stale_s`; they are told of and left running.
        drifted: alive, but not as they were made, each with what is otherwise.
        doubles: places that said that they are a container which is in another one, and were ended.
        terminated: orphans that were ended, because they are older than the grace and it is configured.
    """

    complete: bool = True
    errors: list[str] = field(default_factory=list)
    seen: int = 0
    live: int = 0
    settled: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    drifted: dict[str, str] = field(default_factory=dict)
    doubles: list[str] = field(default_factory=list)
    terminated: list[str] = field(default_factory=list)


async def round_of(context: Context) -> Round:
    """Run one round over every backend.

    A listing that failed or is not complete changes nothing: an error must never look like an empty fleet.
    """
    result = Round()
    for name, backend in context.backends.items():
        asked_at = context.clock()
        listing = await answering.listing(context, name, backend)
        if not listing.complete:
            _incomplete(context, result, f"{name} could not be listed, nothing is concluded: {listing.error}")
            continue
        result.seen += len(listing.seen)
        await _compare(context, name, listing, result)
        spares.miss(context, name, listing, asked_at)
    return result


def _incomplete(context: Context, result: Round, why: str, container: Container | None = None) -> None:
    result.complete = False
    result.errors.append(why)
    with writing(context.db) as tx:
        events.append(
            tx,
            "reconcile.incomplete",
            why,
            level="warning",
            task_id=container.task_id if container else None,
            container_id=container.id if container else None,
            at=context.clock(),
        )


async def _compare(context: Context, name: str, listing: Listing, result: Round) -> None:
    live = [each for each in containers.live(context.db) if each.backend == name]
    result.live += len(live)
    for container in live:
        try:
            await _compare_one(context, container, listing, result)
        except ParheliaError as error:
            # One that cannot be looked at keeps nobody from looking at the others.
            _incomplete(
                context, result, f"nothing is concluded of {container.id}: {error.message}", container
            )
    await _end_doubles(context, listing, result)
    known = {container.id for container in live}
    for container_id, sight in listing.seen.items():
        if not sight.alive or container_id in known:
            continue
        stored = containers.find(context.db, container_id)
        if stored is None and spares.seen(context, container_id):
            continue
        if stored is None:
            result.orphans.append(container_id)
            _store_orphan(context, name, container_id)
        elif stored.state is ContainerState.LOST:
            result.returned.append(container_id)
            _store_return(context, stored)
        elif stored.state in CONTAINER_ENDED:
            # Its end is recorded, but its supervisor still goes through its last steps or hangs in them.
            result.settled.append(container_id)
            await _end_leftover(context, stored)


async def _end_doubles(context: Context, listing: Listing, result: Round) -> None:
    for container_id, doubles in listing.doubles.items():
        stored = containers.find(context.db, container_id)
        if stored is None:
            continue
        try:
            result.doubles += await drifting.end_doubles(context, stored, doubles)
        except ParheliaError as error:
            _incomplete(context, result, f"a double of {container_id} was not ended: {error.message}", stored)


async def _compare_one(context: Context, container: Container, listing: Listing, result: Round) -> None:
    sight = listing.seen.get(container.id)
    if sight is None or not sight.alive:
        # Not yet lost: `settle` asks the backend for this one container before it concludes.
        result.settled.append(container.id)
        await settle(context, container.id)
    elif container.state is ContainerState.ORPHANED:
        await _judge_orphan(context, container, result)
    elif sight.drift:
        result.drifted[container.id] = sight.drift
    elif health.is_stale(context, container):
        result.stale.append(container.id)
        _tell_stale(context, container)
    if sight is not None and sight.alive:
        drifting.note(context, container, sight.drift)


async def _end_leftover(context: Context, stored: Container) -> None:
    await context.backend_of(stored).terminate(
        stored.id, reason="its end is recorded", grace_s=context.config.local.grace_s
    )
    tell(
        context,
        stored,
        "container.leftover_ended",
        f"it was recorded as {stored.state}, but its supervisor was still there; nothing is left of it now",
        level="warning",
    )


def _tell_stale(context: Context, container: Container) -> None:
    heard = container.last_heartbeat_at or container.started_at or 0.0
    told = events.find(
        context.db, container_id=container.id, types=("container.stale",), from_at=heard, limit=1
    )
    if told:
        return
    tell(
        context,
        container,
        "container.stale",
        f"its supervisor lives but has been silent for {context.clock() - heard:.0f} s; it is left running",
        level="error",
    )


def _store_orphan(context: Context, backend: str, container_id: str) -> None:
    with writing(context.db) as tx:
        now = context.clock()
        insert(
            tx,
            "containers",
            {
                "id": container_id,
                "task_id": "",
                "attempt": 0,
                "backend": backend,
                "state": ContainerState.ORPHANED,
                # Negative numbers are no slots; each orphan needs one of its own.
                "slot": -next_rev(tx),
                "workspace": "",
                "network": "unknown",
                "persistent": 0,
                "unsandboxed": 0,
                "created_at": now,
                "started_at": now,
                "reason": "it runs, but nothing is known of it",
                "rev": next_rev(tx),
                "owner_environment": container_id,
            },
        )
        events.append(
            tx,
            "container.orphan_found",
            f"{container_id} runs on {backend}, but nothing is known of it",
            level="error",
            container_id=container_id,
            at=now,
        )


def _store_return(context: Context, stored: Container) -> None:
    with writing(context.db) as tx:
        containers.move(
            tx, containers.get(tx, stored.id), ContainerState.RUNNING, finished_at=None, reason=""
        )
        events.append(
            tx,
            "container.returned",
            "it was recorded as lost, and it is there",
            level="warning",
            task_id=stored.task_id,
            container_id=stored.id,
            at=context.clock(),
        )


async def _judge_orphan(context: Context, container: Container, result: Round) -> None:
    result.orphans.append(container.id)
    age = context.clock() - container.created_at
    config = context.config.health
    # One that a person wants to be gone is ended like any other container.
    if container.wanted == "terminate" or not config.terminate_orphans or age <= config.orphan_grace_s:
        return
    why = f"it was an orphan for {age:.0f} s"
    with writing(context.db) as tx:
        containers.update(tx, containers.get(tx, container.id), wanted="terminate", reason=why)
    await end(context, container.id, why)
    result.terminated.append(container.id)
