"""Keeping sandboxes ready at a provider for the next tasks, for who asked for it: each costs while nobody uses it.

They are made like the sandbox of the task that began last. A row stands in the store before the provider is asked and
until its sandbox has ended or a task has taken it, so a controller that is killed leaves none of which nobody knows; and
a sandbox to which nothing is brought ends itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.backends.base import Listing
from parhelia_tui.core.control import ceilings, room
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.sandbox_cost import EVERY_S
from parhelia_tui.core.meter.sandboxes import second_of
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import fresh_id
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.spares import KEPT_S, Spare, SpareState
from parhelia_tui.core.model.states import ContainerState
from parhelia_tui.core.store import containers, events, spares, tasks
from parhelia_tui.core.store.connection import writing

LOOK_S = 2.0
"""Seconds between two looks; so long it takes until there is another one for one that was taken."""
AGAIN_S = 60.0
"""Seconds until one is asked for again where one could not be made."""
SHOWN_S = 3600.0
"""Seconds after its end in which a listing that was asked for before may still show its sandbox."""

Start = Callable[[str, str, Callable[[], Any]], bool]


def take(tx: sqlite3.Connection, task: Task, now: float) -> str | None:
    """Give a task the spare that waited longest of those that suit it, and book what it has cost until now.

    Args:
        task: with the place and the limits that its container is to have.
        now: epoch seconds.

    Returns:
        The id for its container; None where there is none.
    """
    for each in spares.live(tx):
        if each.state is not SpareState.WAITING or each.asked_at + KEPT_S < now:
            continue
        if each.fits(task.backend, task.agent, task.network, task.limits):
            _book(tx, each, now)
            spares.remove(tx, each.id)
            events.append(
                tx,
                "spare.taken",
                f"a sandbox that was kept ready at {each.backend} becomes its container",
                task_id=task.id,
                container_id=each.id,
                at=now,
            )
            return each.id
    return None


class Spares:
    """Sees to it that there are as many as are wanted.

    Args:
        context: the tools of the controller.
        start: starts a job.
    """

    def __init__(self, context: Context, start: Start) -> None:
        self._context = context
        self._start = start
        self._making: set[str] = set()
        self._again_at = 0.0

    def look(self) -> None:
        """End those that nobody needs any more, and begin to make what is missing."""
        context = self._context
        if not context.config.modal.spares and not spares.any_of(context.db):
            return
        now = context.clock()
        like, agent, most = self._wanted(now)
        good = 0
        for each in spares.every(context.db):
            if each.state is SpareState.ENDED:
                if now > (each.ended_at or 0.0) + SHOWN_S:
                    with writing(context.db) as tx:
                        spares.remove(tx, each.id)
                continue
            why = self._why_not(each, like, agent, good < most, now)
            if why:
                self._end(each, why)
                continue
            good += 1
            if now - each.booked_at >= EVERY_S:
                with writing(context.db) as tx:
                    _book(tx, each, now)
        if like is not None and good < most and now >= self._again_at and not self._somebody_waits():
            for _ in range(most - good):
                self._make(like, agent)

    def _wanted(self, now: float) -> tuple[Container | None, str, int]:
        """Say like which container, for which agent, and how many are wanted now."""
        context = self._context
        config = context.config.modal
        last = (
            containers.last_begun(context.db, "modal", now - config.spares_for_s) if config.spares else None
        )
        task = tasks.find(context.db, last.task_id) if last is not None else None
        # One with a GPU costs dollars an hour. Where somebody waits for room, none is kept from them.
        if last is None or task is None or last.limits.gpu or room.is_short(context, "modal"):
            return None, "", 0
        spent = ceilings.look(context)
        if spent is not None and spent.first(("all", "day")):
            return None, "", 0
        live = sum(each.backend == "modal" for each in containers.live(context.db))
        return last, task.agent, max(0, min(config.spares, config.max_containers - live))

    def _somebody_waits(self) -> bool:
        """Say whether a container is being made: its first output comes before what nobody wants yet."""
        return any(
            each.backend == "modal" and each.state is ContainerState.CREATING
            for each in containers.live(self._context.db)
        )

    def _why_not(self, spare: Spare, like: Container | None, agent: str, is_wanted: bool, now: float) -> str:
        """Say why a spare is to end; empty where it is good."""
        if spare.state is SpareState.ENDING:
            return spare.reason
        if spare.state is SpareState.MAKING and spare.id not in self._making:
            return "the controller that made it was ended meanwhile"
        if like is None or not is_wanted:
            return "none is wanted any more"
        if not spare.fits(like.backend, agent, like.network, like.limits):
            return "the last task was of another kind"
        if now > spare.asked_at + KEPT_S:
            return "it has waited for long enough"
        return ""

    def _make(self, like: Container, agent: str) -> None:
        context = self._context
        with writing(context.db) as tx:
            spare_id = fresh_id(
                "c",
                lambda each: containers.find(tx, each) is not None or spares.find(tx, each) is not None,
            )
            spares.add(tx, spare_id, like, agent, context.clock())
        self._making.add(spare_id)

        async def make() -> None:
            try:
                await context.backend_of(like).make_spare(spare_id, like.id)
                with writing(context.db) as tx:
                    now = context.clock()
                    spares.update(tx, spare_id, state=SpareState.WAITING, made_at=now)
                    events.append(
                        tx,
                        "spare.made",
                        f"a sandbox is kept ready at {like.backend} for the next task",
                        container_id=spare_id,
                        at=now,
                    )
            except ParheliaError as error:
                self._again_at = context.clock() + AGAIN_S
                context.logger.warning("a spare sandbox could not be made: %s", error)
            finally:
                # What is still being made then ends with the next look.
                self._making.discard(spare_id)

        self._start("spare", spare_id, make)

    def _end(self, spare: Spare, why: str) -> None:
        context = self._context
        if spare.state is not SpareState.ENDING:
            with writing(context.db) as tx:
                spares.update(tx, spare.id, state=SpareState.ENDING, reason=why)

        async def end() -> None:
            backend = context.backends[spare.backend]
            await backend.terminate(spare.id, reason=why, grace_s=0)
            async with context.taking_apart:
                await backend.remove(spare.id)
            with writing(context.db) as tx:
                now = context.clock()
                current = spares.find(tx, spare.id)
                if current is None:
                    return
                # It ended itself where nobody was there to end it.
                _book(tx, current, min(now, current.gone_at))
                spares.update(tx, spare.id, state=SpareState.ENDED, ended_at=now)
                events.append(
                    tx,
                    "spare.ended",
                    f"a sandbox that was kept ready at {spare.backend} was ended: {why}",
                    container_id=spare.id,
                    at=now,
                )

        self._start("spare", spare.id, end)


def seen(context: Context, container_id: str) -> bool:
    """Say whether a sandbox that a listing shows is a spare; one whose end was recorded is ended once more."""
    spare = spares.find(context.db, container_id)
    if spare is not None and spare.state is SpareState.ENDED:
        with writing(context.db) as tx:
            spares.update(
                tx, spare.id, state=SpareState.ENDING, reason="its end was recorded, but it was there"
            )
    return spare is not None


def miss(context: Context, backend: str, listing: Listing, asked_at: float) -> None:
    """Give up the spares that a whole listing does not show: nobody is to be told that they are ready, or to pay for them.

    Args:
        asked_at: when the listing was asked for, in epoch seconds; it says nothing of what was made later.
    """
    for each in spares.live(context.db):
        if each.backend != backend or each.state is not SpareState.WAITING:
            continue
        sight = listing.seen.get(each.id)
        is_there = sight is not None and sight.alive
        if not is_there and each.made_at is not None and each.made_at < asked_at:
            with writing(context.db) as tx:
                spares.update(tx, each.id, state=SpareState.ENDING, reason="its sandbox is gone")


def _book(tx: sqlite3.Connection, spare: Spare, until: float) -> None:
    """Enter what a spare has cost since the last entry; nothing where it has all been entered."""
    lasted_s = until - spare.booked_at
    second = second_of(spare.backend, spare.limits)
    if lasted_s > 0 and second is not None:
        spares.book(tx, spare, until=until, cost_usd=second * lasted_s)
