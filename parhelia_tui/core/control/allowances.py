"""Money for containers elsewhere: what their meters ask for and tell, and what they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parhelia_tui.core.control import spending
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.meter import allowance, allowance_rows, told
from parhelia_tui.core.meter.spending import Spender
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import CONTAINER_ENDED
from parhelia_tui.core.store import containers, tasks

KINDS = frozenset({"want", "settled", "returned", "closed"})


def take(context: Context, container: Container, records: Sequence[dict[str, Any]]) -> None:
    """Bring what a meter elsewhere told into the book; before the spool's offset is stored, so it may come again.

    Args:
        records: of the spool, in their order.
    """
    said = [
        (record["report"], float(record["at"]))
        for record in records
        if record["type"] == "egress"
        and isinstance(record.get("report"), dict)
        and record["report"].get("kind") in KINDS
    ]
    if not said:
        return
    db = spending.open_book(context, make=True)
    task = tasks.find(context.db, container.task_id)
    if db is None or task is None:
        return
    spender = Spender(container.id, task.id, task.batch, group=task.parent_id)
    for report, at in said:
        kind = report["kind"]
        try:
            if kind == "want":
                # Whoever asks again has not heard the last answer, or needs another.
                context.allowances.pop(container.id, None)
                allowance.want(db, spender, report["limit"], report["open"], context.clock())
            elif kind == "settled":
                # Not in the future, and not on an earlier day, under whose ceiling there was room.
                when = max(container.created_at, min(float(report["at"]), at, context.clock()))
                told.settled(db, spender, {**report, "at": when})
            elif kind == "returned":
                allowance.give_back(db, container.id, report["number"], report["limit"])
            else:
                told.say_closed(db, container.id)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            context.logger.warning("%s: a record of its meter has a strange form: %s", container.id, error)


def untold(context: Context) -> list[str]:
    """Decide on every wish, and name the containers that do not know yet what they may spend."""
    db = spending.open_book(context)
    if db is None:
        return []
    return [
        each.container for each in allowance_rows.every(db) if _answer(context, each.container) is not None
    ]


async def tell(context: Context, container_id: str) -> None:
    """Tell a meter how it stands now, if it does not know."""
    said = _answer(context, container_id)
    container = containers.find(context.db, container_id)
    if said is None or container is None:
        return
    if not await context.backend_of(container).tell_allowance(container_id, said):
        # As a failure, so that it is tried again with the next tick and not at once.
        raise ParheliaError("E503", "its meter cannot be told what it may spend")
    context.allowances[container_id] = said


def close_ended(context: Context) -> None:
    """Let go of the allowances of containers that have ended."""
    db = spending.open_book(context)
    if db is None:
        return
    for each in allowance_rows.every(db):
        container = containers.find(context.db, each.container)
        if container is None or container.state in CONTAINER_ENDED:
            told.close(db, each.container, context.clock())
            context.allowances.pop(each.container, None)


def _answer(context: Context, container_id: str) -> dict[str, Any] | None:
    """What a meter is to know; None where it knows it, or there is none any more."""
    db = spending.open_book(context)
    container = containers.find(context.db, container_id)
    if db is None or container is None or container.state in CONTAINER_ENDED:
        return None
    decided = allowance.decide(db, container_id, context.clock())
    if decided is None:
        return None
    now, verdict = decided
    said: dict[str, Any] = {
        "number": now.number,
        "limit_nano": now.limit,
        "answer": str(verdict.answer),
        "ceilings": [[each.scope, each.limit or 0, each.spent] for each in verdict.ceilings],
    }
    return None if context.allowances.get(container_id) == said else said
