"""Writing down what the controller did to a container, where nothing else changes with it."""

from __future__ import annotations

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.store import events
from parhelia_tui.core.store.connection import writing


def tell(
    context: Context,
    container: Container,
    type: str,
    message: str,
    *,
    level: str = "info",
    data: dict[str, object] | None = None,
) -> None:
    """Store one event of a container and its task. What changes rows too tells of it in the same transaction."""
    with writing(context.db) as tx:
        events.append(
            tx,
            type,
            message,
            level=level,
            task_id=container.task_id,
            container_id=container.id,
            data=data,
            at=context.clock(),
        )
