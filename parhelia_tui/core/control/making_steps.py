"""What a container that is being made is at, kept on its row for as long as it is so."""

from __future__ import annotations

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.states import ContainerState
from parhelia_tui.core.store import containers
from parhelia_tui.core.store.connection import writing


def note(context: Context, container_id: str, step: str) -> None:
    """Keep a step, in words; one that is made, or is over, is at none."""
    with writing(context.db) as tx:
        container = containers.find(tx, container_id)
        if container is not None and container.state is ContainerState.CREATING and container.step != step:
            containers.update(tx, container, step=step)


def forget(context: Context, container_id: str) -> None:
    """Keep no step any more."""
    container = containers.find(context.db, container_id)
    if container is not None and container.step:
        with writing(context.db) as tx:
            containers.update(tx, containers.get(tx, container_id), step="")
