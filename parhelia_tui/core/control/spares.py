"""Keeping sandboxes ready at a provider for the next tasks, for who asked for it: each costs while nobody uses it.

They are made like the sandbox of the task that began last. A row stands in the store before the provider is asked and
until its sandbox has ended or a task has taken it, so a controller that is killed leaves none of which nobody knows; and
a sandbox to which nothing is brought ends itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from parhelia_tui.core.backends.base import Listing
from parhelia_tui.core.backends.plan import EgressPlan
from parhelia_tui.core.control import ceilings, egress, room
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.sandbox_cost import EVERY_S
from parhelia_tui.core.meter.sandboxes import second_of
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import fresh_id
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.spares import KEPT_S, Spare, SpareState
from parhelia_tui.core.model.states import ContainerState
from parhelia_tui.core.store import containers, events, meta, spares, tasks
from parhelia_tui.core.store.connection import writing

LOOK_S = 2.0
"""Seconds between two looks; so long it takes until there is another one for one that was taken."""
AGAIN_S = 60.0
"""Seconds until one is asked for again where one could not be made, or ended."""
SUM_S = 10.0
"""Seconds for which a look at the ceilings counts."""
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


@dataclass(frozen=True, slots=True)
class _Like:
    """What a spare is to be like.

    Args:
        container: that began last.
        agent: of its task.
        way: by what the next one of its kind would reach the API.
    """

    container: Container
    agent: str
    way: EgressPlan | None


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
        self._not_before = 0.0
        self._end_again: dict[str, float] = {}
        self._patternless: set[str] = set()
        self._counted_at = 0.0
        self._is_spent = False

    def look(self) -> None:
        """End those that nobody needs any more, and begin to make what is missing."""
        context = self._context
        if not context.config.modal.spares and not spares.any_of(context.db):
            return
        now = context.clock()
        like, most = self._wanted(now)
        good, ending = 0, False
        for each in spares.every(context.db):
            if each.state is SpareState.ENDED:
                self._forget(each, now)
                continue
            why = self._why_not(each, like, good < most, now)
            if why:
                ending = True
                self._end(each, why, now)
                continue
            good += 1
            if now - each.booked_at >= EVERY_S:
                with writing(context.db) as tx:
                    _book(tx, each, now)
        # As long as one cannot be ended, another would be one more that may cost.
        if like is None or ending or good >= most or now < self._not_before or self._somebody_waits():
            return
        if like.container.created_at <= float(meta.get(context.db, meta.SPARES_DECLINED) or 0.0):
            # Somebody ended one by hand, and wants no other before there is more to do.
            return
        for _ in range(most - good):
            self._make(like)

    def _wanted(self, now: float) -> tuple[_Like | None, int]:
        """Say like what, and how many are wanted now."""
        context = self._context
        config = context.config.modal
        last = (
            containers.last_begun(context.db, "modal", now - config.spares_for_s) if config.spares else None
        )
        task = tasks.find(context.db, last.task_id) if last is not None else None
        if last is None or task is None or last.id in self._patternless:
            return None, 0
        # One with a GPU costs dollars an hour, and one for the rest of a lifetime suits nobody else.
        if last.limits.gpu or last.limits.lifetime_s != task.limits.lifetime_s:
            return None, 0
        # Where somebody waits for room, none is kept from them.
        if room.is_short(context, "modal") or self._money_is_spent(now):
            return None, 0
        live = sum(each.backend == "modal" for each in containers.live(context.db))
        like = _Like(last, task.agent, egress.plan(context, task, last))
        return like, max(0, min(config.spares, config.max_containers - live))

    def _money_is_spent(self, now: float) -> bool:
        """Say whether a ceiling is spent that bounds what no task has; summing the ledger takes its time."""
        if not 0 <= now - self._counted_at < SUM_S:
            found = ceilings.look(self._context)
            self._counted_at = now
            self._is_spent = found is not None and bool(found.first(("all", "day")))
        return self._is_spent

    def _somebody_waits(self) -> bool:
        """Say whether a container is being made: its first output comes before what nobody wants yet."""
        return any(
            each.backend == "modal" and each.state is ContainerState.CREATING
            for each in containers.live(self._context.db)
        )

    def _why_not(self, spare: Spare, like: _Like | None, is_wanted: bool, now: float) -> str:
        """Say why a spare is to end; empty where it is good."""
        if spare.state is SpareState.ENDING:
            return spare.reason
        if spare.state is SpareState.MAKING and spare.id not in self._making:
            return "its making was broken off"
        if like is None or not is_wanted:
            return "none is wanted any more"
        last = like.container
        if not spare.fits(last.backend, like.agent, last.network, last.limits):
            return "the last task was of another kind"
        if now > spare.asked_at + KEPT_S:
            return "it has waited for long enough"
        backend = self._context.backends[spare.backend]
        if spare.state is SpareState.WAITING and not backend.serves(spare.id, spare.network, like.way):
            return "another configuration made it"
        return ""

    def _make(self, like: _Like) -> None:
        context, last = self._context, like.container
        with writing(context.db) as tx:
            spare_id = fresh_id(
                "c",
                lambda each: containers.find(tx, each) is not None or spares.find(tx, each) is not None,
            )
            spares.add(tx, spare_id, last, like.agent, context.clock())
        self._making.add(spare_id)

        async def make() -> None:
            made = False
            try:
                await context.backend_of(last).make_spare(spare_id, last.id, last.network, like.way)
                made = True
                self._tell_made(spare_id, last.backend)
            except ParheliaError as error:
                if error.code != "E203":
                    raise
                # Nobody was asked for it.
                self._patternless.add(last.id)
                with writing(context.db) as tx:
                    spares.remove(tx, spare_id)
            finally:
                # The next look ends what is not there by now.
                self._making.discard(spare_id)
                if not made:
                    self._not_before = context.clock() + AGAIN_S

        self._start("spare", spare_id, make)

    def _tell_made(self, spare_id: str, backend: str) -> None:
        with writing(self._context.db) as tx:
            current = spares.find(tx, spare_id)
            if current is None:
                return
            now = self._context.clock()
            # It costs from here on, also where it is not wanted any more.
            spares.update(tx, spare_id, made_at=now, booked_at=now)
            if current.state is not SpareState.MAKING:
                return
            spares.update(tx, spare_id, state=SpareState.WAITING)
            events.append(
                tx,
                "spare.made",
                f"a sandbox is kept ready at {backend} for the next task",
                container_id=spare_id,
                at=now,
            )

    def _end(self, spare: Spare, why: str, now: float) -> None:
        context = self._context
        if spare.state is not SpareState.ENDING:
            with writing(context.db) as tx:
                spares.update(tx, spare.id, state=SpareState.ENDING, reason=why)
        if now < self._end_again.get(spare.id, 0.0):
            return

        async def end() -> None:
            self._end_again[spare.id] = context.clock() + AGAIN_S
            was_there = False
            try:
                was_there = await context.backends[spare.backend].end_spare(spare.id)
            except ParheliaError:
                if context.clock() <= spare.gone_at:
                    raise
                # By now it has ended by itself; should a listing show it all the same, it is ended then.
            self._tell_ended(spare.id, was_there)
            await self._clear(spare)

        self._start("spare", spare.id, end)

    def _tell_ended(self, spare_id: str, was_there: bool) -> None:
        """Write down that one has ended.

        Args:
            was_there: it ran until now, by the word of its provider.
        """
        with writing(self._context.db) as tx:
            current = spares.find(tx, spare_id)
            if current is None or current.state is SpareState.ENDED:
                return
            now = self._context.clock()
            if was_there and current.made_at is None:
                # Who asked for it was gone before the answer came, and there was one all the same.
                current = replace(current, made_at=current.asked_at)
            _book(tx, current, now if was_there else min(now, current.gone_at))
            spares.update(tx, spare_id, state=SpareState.ENDED, ended_at=now)
            events.append(
                tx,
                "spare.ended",
                f"a sandbox that was kept ready at {current.backend} was ended: {current.reason}",
                container_id=spare_id,
                at=now,
            )

    def _forget(self, spare: Spare, now: float) -> None:
        """Forget one that no listing can show any more, once nothing of it is left here."""
        if now <= (spare.ended_at or 0.0) + SHOWN_S or now < self._end_again.get(spare.id, 0.0):
            return
        self._end_again[spare.id] = now + AGAIN_S
        if self._context.paths.container(spare.id).exists():
            self._start("spare", spare.id, lambda: self._clear(spare))
            return
        del self._end_again[spare.id]
        with writing(self._context.db) as tx:
            spares.remove(tx, spare.id)

    async def _clear(self, spare: Spare) -> None:
        async with self._context.taking_apart:
            await self._context.backends[spare.backend].remove(spare.id)


def seen(context: Context, container_id: str, asked_at: float) -> bool:
    """Say whether a sandbox that a listing shows is a spare; one whose end was recorded before is ended once more.

    Args:
        asked_at: when the listing was asked for, in epoch seconds.
    """
    spare = spares.find(context.db, container_id)
    if spare is not None and spare.state is SpareState.ENDED and (spare.ended_at or 0.0) < asked_at:
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
    # Of one that was not made nobody knows that there is a sandbox, unless its provider says so at its end.
    if spare.made_at is not None and lasted_s > 0 and second is not None:
        spares.book(tx, spare, until=until, cost_usd=second * lasted_s)
