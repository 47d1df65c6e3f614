"""Spares over hours, at a provider that refuses, is out of reach or has nothing to make them like."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from parhelia_tui.core.backends.base import Listing, Sighting
from parhelia_tui.core.backends.plan import EgressPlan
from parhelia_tui.core.client import Client
from parhelia_tui.core.control import ending, sandbox_cost
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.reconcile import round_of
from parhelia_tui.core.control.spares import LOOK_S, Spares, take
from parhelia_tui.core.meter.sandboxes import second_of
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Limits, Task
from parhelia_tui.core.model.spares import GONE_S, SpareState
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import containers, events, ledger, spares, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task

BEGAN = 1_000_000.0
LIKE, SPARE = "c-00000001", "c-00000002"
MINUTE = 60.0


class Provider:
    """A backend that does what a test says."""

    def __init__(self) -> None:
        self.name = "modal"
        self.makes: Exception | None = None
        self.ends: Exception | None = None
        self.calls: Counter[str] = Counter()
        self.running: set[str] = set()
        self.outdated: set[str] = set()
        self.while_making: Callable[[], None] = lambda: None

    async def make_spare(self, container_id: str, like: str, network: str, way: EgressPlan | None) -> None:
        self.calls["make"] += 1
        if self.makes is not None:
            raise self.makes
        self.while_making()
        self.running.add(container_id)

    def serves(self, container_id: str, network: str, way: EgressPlan | None) -> bool:
        return container_id not in self.outdated

    async def end_spare(self, container_id: str) -> bool:
        self.calls["end"] += 1
        if self.ends is not None:
            raise self.ends
        was_there = container_id in self.running
        self.running.discard(container_id)
        return was_there

    async def remove(self, container_id: str) -> None:
        """There is nothing of it here."""

    async def list(self) -> Listing:
        seen = {each: Sighting(each, alive=True, started=True, exit=None) for each in self.running}
        return Listing(seen, complete=True)


class Front(Client):
    """A front beside the controller of a test."""

    def wake(self) -> None:
        """It looks when the test lets time pass."""


class Hours:
    """The controller's part that keeps spares, over a clock that runs as a test wants."""

    def __init__(self, home: Path, number: int) -> None:
        self.now = BEGAN
        self.provider = Provider()
        modal = Config().modal.model_copy(update={"spares": number})
        self.context = Context(
            Paths(home),
            Config().model_copy(update={"modal": modal}),
            open_migrated(home / "parhelia.db"),
            cast(Any, {"modal": self.provider}),
            logging.getLogger("tests.spares"),
            clock=lambda: self.now,
        )
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self.restart()
        asked = replace(make_task(), backend="modal", network="none", limits=Limits(cpus=8.0))
        with writing(self.db) as tx:
            self.task = tasks.add(tx, asked)
            containers.add(tx, LIKE, self.task, attempt=1, workspace="/w", slot=1, at=BEGAN)
            tx.execute("UPDATE containers SET started_at = ?, state = 'stopped'", (BEGAN,))

    @property
    def db(self) -> Any:
        return self.context.db

    def _start(self, what: str, about: str, work: Callable[[], Awaitable[None]]) -> bool:
        if about in self._jobs and not self._jobs[about].done():
            return False

        async def run() -> None:
            try:
                await work()
            except Exception as error:
                # As where jobs are kept: it is told, and tried again.
                self.context.logger.info("job fails: %s", error)

        self._jobs[about] = asyncio.ensure_future(run())
        return True

    def restart(self) -> None:
        """Begin anew, with what stands in the store."""
        self._spares = Spares(self.context, self._start)

    async def pass_by(self, seconds: float) -> None:
        """Look as often as the controller does."""
        for _ in range(int(seconds / LOOK_S)):
            self._spares.look()
            await asyncio.gather(*self._jobs.values())
            self.now += LOOK_S

    def end_by_hand(self) -> None:
        """End the spare that there is, as somebody at a terminal."""
        front = Front(self.context.paths, clock=lambda: self.now)
        front.terminate_spare(spares.live(self.db)[0].id)
        front.close()

    def types(self) -> Counter[str]:
        return Counter(each.type for each in events.find(self.db, limit=10_000))


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Hours]:
    made = Hours(tmp_path, 1)
    yield made
    made.db.close()


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Hours]:
    made = Hours(tmp_path, 20)
    yield made
    made.db.close()


async def test_one_takes_the_place_of_the_other_until_the_time_is_over(one: Hours) -> None:
    await one.pass_by(29 * MINUTE)
    assert one.provider.calls["make"] == 3
    assert len(one.provider.running) == 1
    await one.pass_by(3 * MINUTE)
    assert one.provider.running == set()
    assert one.types() == {"spare.made": 3, "spare.ended": 3}
    second = second_of("modal", Limits(cpus=8.0))
    assert second is not None
    # Half an hour, but for the moments in which one takes the place of the other.
    assert ledger.spent(one.db).usd == pytest.approx(30 * MINUTE * second, rel=0.01)


@pytest.mark.parametrize("error", [ParheliaError("E503", "no"), RuntimeError("what the SDK raises")], ids=str)
async def test_one_that_is_refused_is_asked_for_once_a_minute_and_costs_nothing(
    one: Hours, error: Exception
) -> None:
    one.provider.makes = error
    await one.pass_by(10 * MINUTE)
    assert 9 <= one.provider.calls["make"] <= 10
    assert ledger.spent(one.db).usd == 0
    assert spares.live(one.db) == []


async def test_where_it_is_not_known_how_to_make_one_nobody_is_asked_again(one: Hours) -> None:
    one.provider.makes = ParheliaError("E203", "nothing is known of it")
    await one.pass_by(10 * MINUTE)
    assert one.provider.calls == {"make": 1}
    assert not spares.any_of(one.db)
    assert one.types() == {}


async def test_one_to_which_nothing_would_be_brought_gives_way_to_another(one: Hours) -> None:
    await one.pass_by(MINUTE)
    (spare,) = one.provider.running
    one.provider.outdated.add(spare)
    await one.pass_by(MINUTE)
    assert one.provider.running.isdisjoint({spare})
    assert len(one.provider.running) == 1
    assert one.provider.calls == {"make": 2, "end": 1}


async def test_none_takes_the_place_of_one_that_was_ended_by_hand_until_a_task_begins(one: Hours) -> None:
    await one.pass_by(MINUTE)
    one.end_by_hand()
    # Also not by another controller.
    one.restart()
    await one.pass_by(5 * MINUTE)
    assert one.provider.running == set()
    assert one.provider.calls == {"make": 1, "end": 1}
    assert one.types() == {"spare.made": 1, "spare.terminate_requested": 1, "spare.ended": 1}
    second = second_of("modal", Limits(cpus=8.0))
    assert second is not None
    assert ledger.spent(one.db).usd == pytest.approx(MINUTE * second)
    with writing(one.db) as tx:
        containers.add(tx, "c-0000000a", one.task, attempt=2, workspace="/w", slot=1, at=one.now)
        tx.execute("UPDATE containers SET started_at = ?, state = 'stopped'", (one.now,))
    await one.pass_by(MINUTE)
    assert len(one.provider.running) == 1


async def test_one_that_is_ended_by_hand_while_it_is_made_is_ended_and_paid_for(one: Hours) -> None:
    one.provider.while_making = one.end_by_hand
    await one.pass_by(MINUTE)
    assert one.provider.running == set()
    assert one.provider.calls == {"make": 1, "end": 1}
    second = second_of("modal", Limits(cpus=8.0))
    assert second is not None
    assert ledger.spent(one.db).usd == pytest.approx(LOOK_S * second)


async def test_an_outage_leaves_no_more_than_are_wanted_and_nothing_to_pay(many: Hours) -> None:
    many.provider.makes = many.provider.ends = ParheliaError("E503", "out of reach")
    await many.pass_by(15 * MINUTE)
    assert len(spares.live(many.db)) == 20
    assert many.provider.calls["make"] == 20
    # Each once a minute.
    assert many.provider.calls["end"] <= 20 * 16
    many.provider.ends = None
    many.now += 30 * MINUTE
    await many.pass_by(MINUTE)
    assert spares.live(many.db) == []
    assert ledger.spent(many.db).usd == 0


async def test_one_that_cannot_be_ended_is_given_up_when_it_has_ended_by_itself(one: Hours) -> None:
    await one.pass_by(2 * LOOK_S)
    one.provider.ends = ParheliaError("E503", "out of reach")
    with writing(one.db) as tx:
        tx.execute("UPDATE containers SET created_at = created_at - 7200")
    await one.pass_by(GONE_S - MINUTE)
    assert [each.state for each in spares.live(one.db)] == [SpareState.ENDING]
    await one.pass_by(3 * MINUTE)
    assert spares.live(one.db) == []
    assert one.types()["spare.ended"] == 1
    # Should it be there all the same, it is ended once its provider answers.
    (left,) = one.provider.running
    one.provider.ends = None
    await round_of(one.context)
    await one.pass_by(MINUTE)
    assert one.provider.running == set()
    assert containers.find(one.db, left) is None


async def test_what_an_orphan_is_like_is_made_for_nobody(one: Hours) -> None:
    one.provider.running.add("c-0000000f")
    await round_of(one.context)
    assert one.types()["container.orphan_found"] == 1
    await one.pass_by(2 * LOOK_S)
    (spare,) = spares.live(one.db)
    assert spare.like == LIKE


def test_a_task_that_waits_for_room_after_it_took_one_does_not_pay_for_the_wait(one: Hours) -> None:
    def add(tx: Any, task: Task) -> None:
        containers.add(tx, SPARE, task, attempt=2, workspace="/w", slot=2, at=BEGAN)

    with writing(one.db) as tx:
        like = containers.get(tx, LIKE)
        spares.add(tx, SPARE, like, one.task.agent, BEGAN - 100)
        spares.update(tx, SPARE, state=SpareState.WAITING, made_at=BEGAN - 100)
        assert take(tx, one.task, BEGAN) == SPARE
        add(tx, one.task)
    before = ledger.spent(one.db).usd
    with writing(one.db) as tx:
        ending.container_without_room(tx, SPARE, "no room", BEGAN + 5)
    with writing(one.db) as tx:
        again = containers.again(tx, containers.get(tx, SPARE), slot=2, at=BEGAN + 3600)
        sandbox_cost.book(tx, again, until=BEGAN + 3660, seq=1)
    second = second_of("modal", one.task.limits)
    assert second is not None
    assert ledger.spent(one.db).usd - before == pytest.approx(60 * second)
