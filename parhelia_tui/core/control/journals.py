"""Journals of rollbacks: where they lie, and what becomes of those that were killed in their middle."""

from __future__ import annotations

from pathlib import Path

from parhelia_tui.core.control import workspaces
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing


def journal(context: Context, task_id: str) -> Path:
    """Say where the journal of a rollback of a task's workspace lies."""
    return context.paths.checkpoints / "journals" / task_id


async def finish_rollbacks(context: Context) -> None:
    """Finish or undo every rollback that was killed in its middle and that nobody will repeat."""
    place = context.paths.checkpoints / "journals"
    for name in sorted(each.name for each in place.iterdir()) if place.is_dir() else ():
        task = tasks.find(context.db, name)
        where = str(workspaces.place(context.paths, task)) if task else ""
        if task is None or where in context.rolling:
            continue
        context.rolling.add(where)
        try:
            job = {
                "op": "recover",
                "root": str(context.paths.checkpoints),
                "workspace": where,
                "journal": str(place / name),
            }
            done = await context.workers.work(job, lambda stage, done, total: None)
        finally:
            context.rolling.discard(where)
        with writing(context.db) as tx:
            events.append(
                tx,
                "workspace.recovered",
                f"a rollback that was interrupted is {done['recovery'].lower()} now",
                level="warning",
                task_id=task.id,
                at=context.clock(),
            )
