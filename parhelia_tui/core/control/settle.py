"""Bringing one container's record to what is true of it."""

from __future__ import annotations

from parhelia_tui.core.backends.steps import told_to
from parhelia_tui.core.control import (
    allowances,
    container_steps,
    creation,
    ending,
    renewal,
    review,
    sandbox_cost,
    spool,
    without_room,
)
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import CONTAINER_ENDED, ContainerState, Health
from parhelia_tui.core.store import containers, events
from parhelia_tui.core.store.connection import writing, writing_durably

START_DEADLINE_S = 60.0
"""How long a container may take to show a first sign of life, while a controller is there to start it."""


async def read_news(context: Context, container_id: str) -> Container | None:
    """Bring what the spool says into the store.

    Returns:
        The container afterwards, None when there is none.
    """
    while True:
        container = containers.find(context.db, container_id)
        if container is None:
            return None
        offset = container.spool_offset
        read = await context.backend_of(container).read_spool(container_id, offset)
        if read.offset == offset and not read.again:
            return container
        allowances.take(context, container, read.records)
        ends = any(record["type"] == "exited" for record in read.records)
        policy = await review.at_end(context, container if ends else None)
        if ends:
            without_room.take(context)
        spool.apply(context.db, container_id, offset, read, context.clock(), policy)


async def settle(context: Context, container_id: str) -> bool:
    """Compare a container's record with what its backend sees, and act on the difference.

    Every way out of this function leaves a container that is recorded as live only if it lives or is about
    to be created. What the spool says goes first, so a true exit code is never overwritten by a guess.

    Returns:
        False where what its supervisor says could not reach us, so that its silence proves nothing.
    """
    container = await read_news(context, container_id)
    if container is None or container.state in CONTAINER_ENDED:
        return True
    backend = context.backend_of(container)
    sight = await backend.look(container_id)
    paid_until = sandbox_cost.latest_end(context, container)
    if sight is None or not sight.started:
        if container_id in context.being_created:
            # A provider may build an image for it first, which takes minutes.
            return True
        if container.state is ContainerState.CREATING:
            if context.clock() < context.interrupted.get(container_id, 0.0):
                return True
            waited_s = context.clock() - max(container.created_at, context.since)
            if waited_s > START_DEADLINE_S and container_id not in context.interrupted:
                with writing_durably(context.db) as tx:
                    why = f"it did not start within {START_DEADLINE_S:g} s"
                    ending.container_failed(tx, container_id, why, context.clock(), paid_until)
            else:
                await creation.create(context, container_id)
        else:
            with writing_durably(context.db) as tx:
                why = f"{container.backend} knows nothing of it any more"
                ending.container_lost(tx, container_id, why, context.config.checkpoints.resumes, paid_until)
    elif sight.exit is not None or not sight.alive:
        # The last records may have been written between the first reading and the look.
        container = await read_news(context, container_id)
        if container is None or container.state in CONTAINER_ENDED:
            return True
        policy = await review.at_end(context, container)
        without_room.take(context)
        with writing_durably(context.db) as tx:
            if sight.exit is not None:
                ending.container_ended(tx, container_id, sight.exit, policy)
            else:
                ending.container_died(
                    tx,
                    container_id,
                    "its supervisor was killed, and the container with it",
                    context.clock(),
                    context.config.checkpoints.resumes,
                    paid_until,
                )
    elif container.state is not ContainerState.CREATING and sight.step != container.step:
        container_steps.note_coming_home(context, container_id, sight.step)
    elif container.state is ContainerState.CREATING:
        # It begins; one that was made by fork has its supervisor before its terminal server.
        return True
    elif not sight.terminal and await backend.restore_terminal(container_id):
        tell(
            context,
            container,
            "session.terminal_restored",
            "its terminal server was gone, so a new one was started; the work went on",
            level="warning",
        )
    return sight is None or sight.heard


async def end(context: Context, container_id: str, reason: str) -> None:
    """End a container that is not wanted any more, and record the end."""
    container = await read_news(context, container_id)
    if container is None or container.state in CONTAINER_ENDED or creation.is_wanted(context, container_id):
        # It has ended by itself, or heartbeats have come and it is wanted again.
        return
    if container.wanted == "recover" and container.health is Health.DEAD:
        _begin_to_recover(context, container_id, reason)
    began, latest = context.clock(), sandbox_cost.latest_end(context, container)
    if container.backend != "local" and await _never_was(context, container):
        latest = container.created_at
    with told_to(lambda step: container_steps.note_coming_home(context, container_id, step)):
        await context.backend_of(container).terminate(
            container_id, reason=reason, grace_s=context.config.local.grace_s
        )
    ended = await read_news(context, container_id)
    if ended is None or ended.state in CONTAINER_ENDED:
        return
    sight = await context.backend_of(container).look(container_id)
    if sight is not None and sight.alive:
        return
    policy = await review.at_end(context, ended)
    # What could be there when we began to end it costs until now.
    paid_until = context.clock() if latest >= began else latest
    without_room.take(context)
    with writing_durably(context.db) as tx:
        moves_without_end = container.wanted == renewal.MOVE and (sight is None or sight.exit is None)
        if container.wanted == "recover" or moves_without_end:
            resumes = context.config.checkpoints.resumes
            ending.container_died(tx, container_id, reason, context.clock(), resumes, paid_until)
        elif sight is not None and sight.exit is not None:
            ending.container_ended(tx, container_id, sight.exit, policy)
        else:
            ending.container_terminated(tx, container_id, reason, context.clock(), paid_until)


async def _never_was(context: Context, container: Container) -> bool:
    """Say whether nobody has asked a provider for the place of a container yet; not where it does not tell."""
    if container.state is not ContainerState.CREATING:
        return False
    try:
        return await context.backend_of(container).look(container.id) is None
    except ParheliaError:
        return False


def _begin_to_recover(context: Context, container_id: str, reason: str) -> None:
    """Store that a silent container is being ended: from here on no heartbeat takes that back."""
    with writing(context.db) as tx:
        container = containers.get(tx, container_id)
        if container.state is ContainerState.RUNNING:
            containers.move(tx, container, ContainerState.STOPPING)
            events.append(
                tx,
                "container.stopping",
                reason,
                task_id=container.task_id,
                container_id=container_id,
                at=context.clock(),
            )
