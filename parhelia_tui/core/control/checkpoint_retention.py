"""Letting go of checkpoints that are too many or too old, and of what none of them needs."""

from __future__ import annotations

import time
from typing import Any

from parhelia_tui.core.control.checkpoint_rows import fail
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.due_checkpoints import LATELY_S
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.core.model.states import CheckpointState, Trigger
from parhelia_tui.core.store import checkpoints, events
from parhelia_tui.core.store.connection import writing


async def expire(context: Context) -> None:
    """Forget checkpoints that are too many or too old, and free what nothing needs any more.

    Protected and tagged ones stay, and so does the newest ready one of each task.
    """
    keep, now = context.config.checkpoints, context.clock()
    kept: dict[str, int] = {}
    gone: list[Checkpoint] = []
    for each in checkpoints.listed(context.db):
        if each.state in (CheckpointState.PENDING, CheckpointState.CREATING):
            if each.trigger is Trigger.ROLLBACK and now - each.created_at > LATELY_S:
                fail(context, each.id, "it was interrupted, and nobody came back to it")
            continue
        ready = each.state is CheckpointState.READY
        number = kept.get(each.task_id, 0)
        kept[each.task_id] = number + ready
        if each.protected or each.tags or (ready and number == 0):
            continue
        if number >= keep.keep or now - each.created_at > keep.keep_days * 86400:
            gone.append(each)
    if gone:
        with writing(context.db) as tx:
            for each in gone:
                checkpoints.remove(tx, each.id)
            why = f"{len(gone)} checkpoints beyond {keep.keep} of a task or {keep.keep_days:g} days were removed"
            events.append(tx, "retention.removed", why, at=now)
    if context.paths.checkpoints.is_dir():
        await collect(context)


async def collect(context: Context) -> dict[str, Any]:
    """Free what no checkpoint needs.

    While none is being taken, what no row names is needed by nobody: what is published later is younger than now.
    """
    # Of the machine and not of the context: it is compared with times of files.
    now = time.time()
    quiet = not any(each.state is CheckpointState.CREATING for each in checkpoints.listed(context.db))
    job = {
        "op": "collect",
        "root": str(context.paths.checkpoints),
        "live": sorted(checkpoints.trees(context.db)),
        "dead": [],
        "settled_at": now if quiet else None,
    }
    return await context.workers.work(job, lambda stage, done, total: None)
