"""Booking what a sandbox at a provider costs: each minute while it runs, and the rest when it ends."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.meter.sandboxes import sandbox_rates
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.store import ledger, tasks

EVERY_S = 60.0
"""Seconds between two entries of one sandbox."""
END = 0
"""In the place of a record's number, which begins at 1: the entry of the end, made once."""

HANGS_S = 120.0
"""Seconds after its lease in which a provider ends a sandbox that should have ended itself."""
BEGINS_S = 900.0
"""Seconds that a sandbox waits for its container."""


def latest_end(context: Context, container: Container) -> float:
    """Say until when a container's place can have cost something, where nobody knows when it ended.

    A controller that comes back after hours finds a sandbox gone that ended when its lease did.
    """
    now = context.clock()
    if container.backend == "local":
        return now
    looked = context.silences.get(container.id)
    alive_at = max(
        container.created_at,
        container.started_at or 0.0,
        container.last_heartbeat_at or 0.0,
        looked.seen_at if looked is not None else 0.0,
    )
    waits_s = 0.0 if container.started_at else BEGINS_S
    ends = [now, alive_at + waits_s + context.config.modal.lease_s + HANGS_S]
    deadline = context.backend_of(container).deadline(container.id)
    if deadline is not None:
        ends.append(deadline.ends_at)
    return min(ends)


def book(
    tx: sqlite3.Connection,
    container: Container,
    *,
    until: float,
    seq: int = END,
    cpu_percent: float | None = None,
    memory_bytes: int | None = None,
) -> None:
    """Enter the seconds since the last entry; nothing for a container that costs nothing.

    Args:
        until: epoch seconds.
        seq: of the heartbeat that says it; an entry of the same number is made once.
        cpu_percent, memory_bytes: what it used lately, as far as known.
    """
    if container.backend == "local" or sandbox_rates(container.backend) is None:
        return
    task = tasks.find(tx, container.task_id)
    lasted_s = _since_last(tx, container, until)
    if task is None or lasted_s <= 0 or (seq != END and lasted_s < EVERY_S):
        return
    second = _second(container, cpu_percent, memory_bytes)
    cost = None if second is None else second * lasted_s
    new = ledger.add(
        tx,
        task,
        container_id=container.id,
        spool_seq=seq,
        at=until,
        model=container.backend,
        input_tokens=0,
        output_tokens=0,
        cost_usd=cost,
    )
    if new and cost is not None:
        tasks.update(tx, task, cost_usd=(task.cost_usd or 0.0) + cost)


def unbooked(db: sqlite3.Connection, container: Container, now: float) -> float:
    """Price the seconds since the last entry, in USD; 0 for what costs nothing or nobody knows the price of."""
    second = _second(container, container.cpu_percent, container.memory_bytes) or 0.0
    return second * max(0.0, _since_last(db, container, now))


def _since_last(db: sqlite3.Connection, container: Container, until: float) -> float:
    # One that is made again under its id begins anew, whatever was entered for it before.
    return until - max(ledger.last_at(db, container.id, container.backend) or 0.0, container.created_at)


def _second(container: Container, cpu_percent: float | None, memory_bytes: int | None) -> float | None:
    rates = sandbox_rates(container.backend)
    if rates is None:
        return None
    second = rates.second(
        container.limits, cores_used=(cpu_percent or 0.0) / 100, memory_used=memory_bytes or 0
    )
    return None if second is None else float(second)
