"""Looking at one container and judging its silence, also while its backend does not answer."""

from __future__ import annotations

import asyncio
import contextlib

from parhelia_tui.core.control import health
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.settle import read_news, settle
from parhelia_tui.core.model.errors import ParheliaError

PATIENCE_S = 5.0
"""Seconds after which a look that has no answer is none: what is told of its container until then is judged."""


async def watch(context: Context, container_id: str) -> None:
    """Compare a container's record with what its backend sees, and judge its silence afterwards.

    A provider that hangs may let one look wait for minutes. Its silence is told of meanwhile, though it proves nothing.

    Raises:
        ParheliaError: what the look failed with.
    """
    looking = asyncio.ensure_future(settle(context, container_id))
    reached = answered = late = False
    try:
        while not (await asyncio.wait({looking}, timeout=PATIENCE_S))[0]:
            late = True
            await read_news(context, container_id)
            health.judge(context, container_id, reached=False)
        reached, answered = await looking, True
    except ParheliaError as error:
        if error.code == "E507":
            # What it says cannot be written down here.
            context.deaf.until = context.clock()
        raise
    finally:
        if not looking.done():
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
        health.note_look(context, container_id, answered=answered, late=late)
        # Also where it could not be looked at: its silence is told of, though it proves nothing then.
        health.judge(context, container_id, reached=reached)
