"""Waiting for what another process does, where it cannot tell us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_FIRST_S = 0.002
_LONGEST_S = 0.05


async def until(condition: Callable[[], object], deadline_s: float) -> None:
    """Wait until a condition holds, looking less often the longer it takes.

    Raises:
        TimeoutError: it does not hold in time.
    """
    loop = asyncio.get_running_loop()
    end, pause = loop.time() + deadline_s, _FIRST_S
    while not condition():
        if loop.time() > end:
            raise TimeoutError
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_S)
