"""What runs otherwise than it was made: told of, kept on its container, and ended where it is one too many."""

from __future__ import annotations

from collections.abc import Sequence

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.store import containers, events
from parhelia_tui.core.store.connection import writing


def note(context: Context, container: Container, words: str) -> None:
    """Keep in words how a container differs from what was made, and tell of it once for as long as it is so.

    Args:
        words: empty for nothing, which is kept too.
    """
    if container.drift == words:
        return
    with writing(context.db) as tx:
        containers.update(tx, containers.get(tx, container.id), drift=words)
        if words:
            events.append(
                tx,
                "container.drifted",
                words,
                level="warning",
                task_id=container.task_id,
                container_id=container.id,
                at=context.clock(),
            )


async def end_doubles(context: Context, container: Container, doubles: Sequence[str]) -> list[str]:
    """End places that say that they are a container which is in another one.

    Only a complete listing names them, and the backend looks at each once more before it ends it.

    Returns:
        Those that were ended.

    Raises:
        ParheliaError: E503 when one could not be ended; the next round comes back to it.
    """
    ended = []
    for double in doubles:
        if await context.backend_of(container).end_double(container.id, double):
            ended.append(double)
            tell(
                context,
                container,
                "container.double_ended",
                f"{double} carried the marks of this installation and of this container, which was brought to another "
                "sandbox; a container is in one place, so this one was ended",
                level="warning",
                data={"double": double},
            )
    return ended
