"""A provider that has no room, as its account holds as many sandboxes as it may, or does not answer: asked again after
pauses that grow.

A try is the same container made again, under the same id. While there is no room only one task at a time asks; the
others wait.
"""

from __future__ import annotations

from parhelia_tui.core.control.context import Context, Full
from parhelia_tui.core.model.records import Container

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 120.0


def why_none(context: Context, backend: str, gpu: str | None) -> str:
    """Say why nothing can be begun at a backend now; empty where it can.

    Where the last pause is over, who asks first may try, and for the others another pause begins.
    """
    full = context.full.get((backend, gpu or ""))
    now = context.clock()
    # A clock that was set back keeps nobody waiting for longer.
    if full is None or not now < full.next_at <= now + LONGEST_PAUSE_S:
        if full is not None:
            full.next_at = now + full.pause_s
        return ""
    return full.why


def refused(context: Context, container: Container, why: str) -> None:
    """Keep in mind that there was no room for a container."""
    place, now = _place(container), context.clock()
    before = context.full.get(place)
    pause_s = FIRST_PAUSE_S
    if before is not None:
        # What was begun before the last refusal says nothing new.
        grows = container.created_at > before.refused_at
        pause_s = min(LONGEST_PAUSE_S, before.pause_s * 2) if grows else before.pause_s
    context.full[place] = Full(why, now, pause_s, now + pause_s)


def found(context: Context, container: Container) -> None:
    """Keep in mind that there was room for a container."""
    context.full.pop(_place(container), None)


def is_short(context: Context, backend: str) -> bool:
    """Say whether a backend has lately had no room for somebody, who may still wait for it."""
    now = context.clock()
    # Who waits asks again within this time.
    return any(
        name == backend and now - each.refused_at < 2 * LONGEST_PAUSE_S
        for (name, _), each in context.full.items()
    )


def _place(container: Container) -> tuple[str, str]:
    return container.backend, container.limits.gpu or ""
