"""Which ceilings are spent: by requests, which are in the book, and by the seconds of sandboxes, which are not."""

from __future__ import annotations

from parhelia_tui.core.control import sandbox_cost, spending
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.meter.ceilings import every
from parhelia_tui.core.meter.left import Spent
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.store import containers, tasks


def look(context: Context) -> Spent | None:
    """Look at what the ceilings have left; None where there is none."""
    book = spending.open_book(context)
    if book is None or not every(book):
        return None
    running = [
        (task, sandbox_cost.unbooked(context.db, each, sandbox_cost.latest_end(context, each)))
        for each, task in at_providers(context)
    ]
    return Spent(context.db, book, running, context.clock())


def at_providers(context: Context) -> list[tuple[Container, Task]]:
    """Give the containers that cost by the second and are to go on, each with the task that it works on."""
    return [
        (each, task)
        for each in containers.paid(context.db)
        if (task := tasks.find(context.db, each.task_id)) is not None and task.container_id == each.id
    ]
