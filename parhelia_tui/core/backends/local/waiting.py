"""Waiting for what another process does, where it cannot tell us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_FIRST_S = 0.002
_LONGEST_S = 0.05


async def until(condition: Callable[[], object], deadline_s: float, *, first_s: float = _FIRST_S) -> None:
    """Wait until a condition holds, looking less often the longer it takes.

    Args:
        first_s: seconds between the first two looks.

    Raises:
        TimeoutError: it does not hold in time.
    """
    loop = asyncio.get_running_loop()
    end, pause = loop.time() + deadline_s, first_s
    while not condition():
        if loop.time() > end:
            raise TimeoutError
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_S)
