"""How work goes on otherwise than it began: asked for beside the checkpoint that it goes on from."""

from __future__ import annotations

from dataclasses import dataclass

from parhelia_tui.core.model.records import Limits


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What is to be different; None is as it was.

    Args:
        backend: the name of another backend.
        persistent: whether its container's system is kept.
        image: whose system its container begins with.
        own_system: in place of an image, this machine's own.
        limits: those that are given take the place of what was.
    """

    backend: str | None = None
    persistent: bool | None = None
    image: str | None = None
    own_system: bool = False
    limits: Limits = Limits()
