"""From the book of money to the store: every settled request is in the ledger once, whatever is killed when."""

from __future__ import annotations

import sqlite3

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.meter import allowance_rows, book, ceilings, entries
from parhelia_tui.core.meter.entries import Entry
from parhelia_tui.core.meter.money import nano, shown, usd
from parhelia_tui.core.meter.payer import by_subscription
from parhelia_tui.core.meter.spending import Standing, day_of, settle_abandoned, standing
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Owner
from parhelia_tui.core.model.states import CONTAINER_ENDED
from parhelia_tui.core.store import containers, events, ledger, meta, tasks
from parhelia_tui.core.store.connection import writing, writing_durably

MARK = "metered"
"""The number of the last entry of the book that the ledger has, in the store's `meta`."""
_WARNED = "budget_warned"


def open_book(context: Context, *, make: bool = False) -> sqlite3.Connection | None:
    """Give the controller's connection to the book; None where nobody has made one, or it cannot be read.

    One that cannot be read is told of once: then nothing is spent, because every request is refused, and all
    other work goes on.
    """
    path = context.paths.home / book.NAME
    if context.book.db is None and not context.book.trouble and (make or path.exists()):
        try:
            context.book.db = book.open_book(path)
        except ParheliaError as error:
            context.book.trouble = str(error)
            context.logger.error("the book of money cannot be used: %s", error)
            with writing(context.db) as tx:
                events.append(tx, "budget.unreadable", str(error), level="error", at=context.clock())
    return context.book.db


def keep_configured(context: Context) -> None:
    """Set the ceilings for everything and for a day as the configuration says them."""
    wanted = {"all": context.config.budget.total_usd, "day": context.config.budget.day_usd}
    db = open_book(context, make=any(limit is not None for limit in wanted.values()))
    if db is None:
        return
    for scope, limit in wanted.items():
        if limit is None:
            ceilings.take_away(db, scope, source=ceilings.BY_CONFIG)
        else:
            ceilings.put(db, scope, nano(limit), context.clock(), source=ceilings.BY_CONFIG)
    with writing_durably(context.db) as tx:
        meta.put(tx, meta.CEILINGS, ceilings.shown(db))


def take(context: Context) -> bool:
    """Bring what was settled since the last time into the ledger and the sums of the tasks.

    Returns:
        True when there was something.
    """
    db = open_book(context)
    if db is None or not entries.since(db, _mark(context.db), 1):
        return False
    with writing_durably(context.db) as tx:
        found = entries.since(db, _mark(tx))
        for each in found:
            _store(tx, each)
        if found:
            meta.put(tx, MARK, str(found[-1].seq))
            _warn(context, tx, db, found)
    return bool(found)


def costs_nothing(context: Context) -> bool:
    """Say whether the subscription of an account pays for what models are asked now, and no ceiling bounds it."""
    api = context.config.api
    value = "" if api.key_command else context.api_key.value
    return by_subscription(value, api.key_file, open_book(context))


def settle_dead(context: Context) -> None:
    """Charge what containers left open that have ended, once nobody can settle it any more."""
    db = open_book(context)
    if db is None:
        return
    for container_id in entries.containers_with_open(db):
        container = containers.find(context.db, container_id)
        ended = container is None or container.state in CONTAINER_ENDED
        backend = context.backends["local"] if container is None else context.backend_of(container)
        if ended and backend.spender_is_gone(container_id):
            settle_abandoned(db, container_id, context.clock())


def has_open(context: Context) -> bool:
    """Say whether something of the book is still to come into the ledger."""
    db = open_book(context)
    return db is not None and bool(
        entries.since(db, _mark(context.db), 1)
        or entries.containers_with_open(db)
        or allowance_rows.every(db)
    )


def _mark(db: sqlite3.Connection) -> int:
    return int(meta.get(db, MARK) or 0)


def _store(tx: sqlite3.Connection, entry: Entry) -> None:
    task = tasks.find(tx, entry.task)
    cost = 0.0 if entry.subscription else usd(entry.cost)
    new = ledger.add_metered(
        tx,
        entry.task,
        task.owner if task else Owner(),
        container_id=entry.container,
        number=entry.seq,
        request=entry.request,
        at=entry.at,
        model=entry.model,
        input_tokens=entry.input_tokens,
        output_tokens=entry.output_tokens,
        cache_read_tokens=entry.cache_read,
        cache_write_tokens=entry.cache_write_5m + entry.cache_write_1h,
        cost_usd=cost,
        worth_usd=usd(entry.cost) if entry.subscription else None,
        estimated=entry.estimated or entry.assumed,
    )
    if task is not None and new:
        prompt = entry.input_tokens + entry.cache_read + entry.cache_write_5m + entry.cache_write_1h
        tasks.update(
            tx,
            task,
            input_tokens=task.input_tokens + prompt,
            output_tokens=task.output_tokens + entry.output_tokens,
            cost_usd=(task.cost_usd or 0.0) + cost,
        )


def _warn(context: Context, tx: sqlite3.Connection, db: sqlite3.Connection, found: list[Entry]) -> None:
    """Tell once of each ceiling that is nearly spent, and again after it was changed."""
    percent = context.config.budget.warn_percent
    pairs = {("all", "all"), ("day", f"day:{day_of(context.clock())}")}
    pairs |= {(f"task:{each.task}", f"task:{each.task}") for each in found}
    pairs |= {(f"task:{each.group_task}", f"task:{each.group_task}") for each in found if each.group_task}
    pairs |= {(f"plan:{each.plan}", f"plan:{each.plan}") for each in found if each.plan}
    for ceiling, account in sorted(pairs):
        now = standing(db, ceiling, account)
        if now.limit is None or now.spent * 100 < now.limit * percent:
            continue
        key, mark = f"{_WARNED}:{account}", str(now.limit)
        if meta.get(tx, key) == mark:
            continue
        meta.put(tx, key, mark)
        events.append(
            tx,
            "budget.warning",
            _nearly(now, percent),
            level="warning",
            task_id=ceiling.partition(":")[2] if ceiling.startswith("task:") else None,
            at=context.clock(),
            data={"code": "E301", "scope": ceiling, "limit_usd": usd(now.limit), "spent_usd": usd(now.spent)},
        )


def _nearly(now: Standing, percent: int) -> str:
    left = max(0, (now.limit or 0) - now.spent)
    return f"E301: more than {percent} % of a budget: {now.words}, {shown(left)} are left"
