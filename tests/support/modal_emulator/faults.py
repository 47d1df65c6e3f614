"""Trouble on order: what a provider may do to a call."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """One order.

    Args:
        rpc: names of calls, with `*`.
        times: how many calls it meets.
        status: the name of a gRPC status; empty for none.
        latency_s: how long the call takes longer, or until all is mended.
        after: the call has its effect, and the answer alone is lost.
    """

    rpc: str
    times: int = 1
    status: str = ""
    latency_s: float = 0.0
    after: bool = False


class Faults:
    """The orders that are open, and how often each call came."""

    def __init__(self) -> None:
        self.orders: list[Fault] = []
        self.calls: dict[str, int] = {}
        self._mended = asyncio.Event()

    async def hold(self, seconds: float) -> None:
        """Let a call wait for so many seconds, or until all is mended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._mended.wait(), seconds)

    def mend(self) -> None:
        """Take back the orders that are open, and let go on what waits because of one."""
        self.orders.clear()
        self._mended.set()
        self._mended = asyncio.Event()

    def meet(self, rpc: str) -> Fault | None:
        """Count a call, and give the trouble that it is to have."""
        self.calls[rpc] = self.calls.get(rpc, 0) + 1
        for order in self.orders:
            if order.times > 0 and fnmatch.fnmatchcase(rpc, order.rpc):
                order.times -= 1
                return order
        return None
