"""What a container is at while it is made, and while what it made comes home: kept on its row for as long as it is so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from parhelia_tui.core.backends.steps import told_to
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import ContainerState
from parhelia_tui.core.store import containers
from parhelia_tui.core.store.connection import writing

_BEGUN = (ContainerState.RUNNING, ContainerState.STOPPING)
SEEN_AFTER_S = 0.3
"""Seconds for which a step of a making has to last: nobody could read it before, and each that is kept delays it."""


@contextlib.contextmanager
def noting_making(context: Context, container_id: str) -> Iterator[None]:
    """Keep each step of its making that lasts, in words; one that is made, or is over, is at none."""
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.TimerHandle] = []

    def keep(step: str) -> None:
        _note(context, container_id, step, (ContainerState.CREATING,))

    def tell(step: str) -> None:
        forget_last()
        waiting.append(loop.call_later(SEEN_AFTER_S, keep, step))

    def forget_last() -> None:
        while waiting:
            waiting.pop().cancel()

    with told_to(tell):
        try:
            yield
        finally:
            forget_last()


def note_coming_home(context: Context, container_id: str, step: str) -> None:
    """Keep how far what it made has come, in words; empty while it works. One that is over is at nothing."""
    _note(context, container_id, step, _BEGUN)


def forget(context: Context, container_id: str) -> None:
    """Keep no step any more."""
    container = containers.find(context.db, container_id)
    if container is not None and container.step:
        with writing(context.db) as tx:
            containers.update(tx, containers.get(tx, container_id), step="")


def _note(context: Context, container_id: str, step: str, states: tuple[ContainerState, ...]) -> None:
    # On a full disk it is not seen; that is no reason not to make a container, or not to end it.
    with contextlib.suppress(ParheliaError):
        container = containers.find(context.db, container_id)
        if container is None or container.state not in states or container.step == step:
            return
        with writing(context.db) as tx:
            containers.update(tx, containers.get(tx, container_id), step=step)
