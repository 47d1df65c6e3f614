"""Trouble on order: what a provider may do to a call."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    """One order.

    Args:
        rpc: names of calls, with `*`.
        times: how many calls it meets.
        status: the name of a gRPC status; empty for none.
        latency_s: how long the call takes longer.
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

    def meet(self, rpc: str) -> Fault | None:
        """Count a call, and give the trouble that it is to have."""
        self.calls[rpc] = self.calls.get(rpc, 0) + 1
        for order in self.orders:
            if order.times > 0 and fnmatch.fnmatchcase(rpc, order.rpc):
                order.times -= 1
                return order
        return None
