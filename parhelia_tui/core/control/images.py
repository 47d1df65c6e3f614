"""Images: what an ended container left of its system becomes one, or one is forgotten."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from parhelia_tui.core.backends.local import images
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.display import size
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Intent
from parhelia_tui.core.model.states import CONTAINER_ENDED
from parhelia_tui.core.store import containers, events
from parhelia_tui.core.store.connection import writing


async def publish(context: Context, intent: Intent) -> dict[str, Any]:
    """Make a container's system the current one of an image.

    Raises:
        ParheliaError: E203, E103, E606, E500.
    """
    asked = intent.payload
    container = containers.get(context.db, str(asked["container_id"]))
    if container.state not in CONTAINER_ENDED or container.exit_code != 0:
        raise ParheliaError("E103", f"container {container.id} has not ended well, so nothing is made of it")
    async with context.taking_apart:
        # What is not current any more since the last time. What has just become so may be about to be used.
        await asyncio.to_thread(images.collect, context.paths)
        made = await asyncio.to_thread(
            images.publish,
            context.paths,
            intent.target,
            container.id,
            str(asked["base"]),
            str(asked["fingerprint"]),
            context.clock(),
        )
    with writing(context.db) as tx:
        said = f"{made.name}: {size(made.bytes)}, made in {container.id}"
        about: dict[str, object] = {"image": made.name, "base": made.base}
        events.append(
            tx, "image.built", said, task_id=container.task_id, container_id=container.id, data=about,
            at=context.clock(),
        )  # fmt: skip
    return dataclasses.asdict(made)


async def delete(context: Context, intent: Intent) -> dict[str, Any]:
    """Forget an image. Raises E208, E103."""
    async with context.taking_apart:
        await asyncio.to_thread(images.delete, context.paths, intent.target)
    with writing(context.db) as tx:
        events.append(tx, "image.deleted", intent.target, at=context.clock())
    return {"name": intent.target}
