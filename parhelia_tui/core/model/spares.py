"""Sandboxes that are made before anybody wants them, so that the next task need not wait for its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.records import Limits


class SpareState(StrEnum):
    """Where a spare sandbox is on its way: a task takes one that waits, all others end."""

    MAKING = "making"
    WAITING = "waiting"
    ENDING = "ending"
    ENDED = "ended"


KEPT_S = 600.0
"""Seconds for which one waits. It would end itself after 900, and to bring a large workspace takes some of that."""
GONE_S = 1020.0
"""Seconds after which one has ended to which nothing was brought, though nobody was there to end it: by itself after
`BEGIN_S` (`core/backends/modal/provider.py`), and by its provider a little later."""


@dataclass(frozen=True, slots=True)
class Spare:
    """One sandbox that waits for a task.

    Args:
        id: of the container that it is going to be.
        like: the container whose sandbox it was made like.
        agent, network, limits: of the tasks that it is for.
        asked_at, made_at, ended_at: epoch seconds; None for what has not been yet.
        booked_at: until when its seconds are in the ledger.
        entries: how many entries of the ledger they are.
        reason: why it ends.
    """

    id: str
    backend: str
    state: SpareState
    like: str
    agent: str
    network: str
    limits: Limits
    asked_at: float
    booked_at: float
    entries: int = 0
    made_at: float | None = None
    ended_at: float | None = None
    reason: str = ""

    @property
    def gone_at(self) -> float:
        """When it has ended in any case, in epoch seconds."""
        return (self.made_at or self.asked_at) + GONE_S

    def fits(self, backend: str, agent: str, network: str, limits: Limits) -> bool:
        """Say whether a container of this kind can be brought to it; processes are limited when it is brought."""
        sized = replace(self.limits, pids=None) == replace(limits, pids=None)
        return sized and (self.backend, self.agent, self.network) == (backend, agent, network)


def in_words(spares: Iterable[Spare]) -> list[str]:
    """Say at each backend how many sandboxes are kept ready."""
    counts = Counter(each.backend for each in spares)
    return [f"{several(number, 'spare')} at {name}" for name, number in sorted(counts.items())]
