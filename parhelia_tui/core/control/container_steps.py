"""What a container is at while it is made, and while what it made comes home: kept on its row for as long as it is so."""

from __future__ import annotations

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.states import ContainerState
from parhelia_tui.core.store import containers
from parhelia_tui.core.store.connection import writing

_BEGUN = (ContainerState.RUNNING, ContainerState.STOPPING)


def note_making(context: Context, container_id: str, step: str) -> None:
    """Keep a step of its making, in words; one that is made, or is over, is at none."""
    _note(context, container_id, step, (ContainerState.CREATING,))


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
    container = containers.find(context.db, container_id)
    if container is None or container.state not in states or container.step == step:
        return
    with writing(context.db) as tx:
        containers.update(tx, containers.get(tx, container_id), step=step)
