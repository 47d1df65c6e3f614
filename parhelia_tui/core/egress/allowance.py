"""Asking somebody far away for money: the controller, which keeps the book of everything."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from parhelia_tui.core.egress.money import Money
from parhelia_tui.core.egress.stillness import Stillness
from parhelia_tui.core.egress.teller import Teller
from parhelia_tui.core.meter import granted
from parhelia_tui.core.meter.spending import Answer, Spender, Standing, Verdict

LOOK_S = 0.25
"""How often a request that waits looks whether who made it has left."""
AGAIN_S = 30.0
"""What nobody has answered is asked again after so long: the question may be lost with a broken spool."""
IDLE_S = 30.0
"""Seconds without a request after which what was granted and not used is given back to others."""


class Allowance:
    """Gives money for requests out of what was granted, and asks for more where it is not enough.

    Args:
        money: the book of this container alone.
        spender: who spends.
        teller: by it the controller is asked, and told of what was settled.
    """

    def __init__(self, money: Money, spender: Spender, teller: Teller, stillness: Stillness) -> None:
        self._money = money
        self._spender = spender
        self._teller = teller
        self._stillness = stillness
        self._waiting: dict[str, int] = {}
        self._verdict = Verdict(Answer.WAIT)
        self._changed = asyncio.Event()
        self._told = 0
        self._telling = asyncio.Lock()
        self._used_at = self._now()

    async def begin(self) -> None:
        """Tell what a process before this one may not have told, and ask for a first grant."""
        await self.settled()
        await self._want(1)

    async def ask(
        self, request: str, spender: Spender, model: str, estimate: int, left: Callable[[], bool]
    ) -> Verdict:
        """Ask until there is an answer; as `Permission.ask`."""
        try:
            while True:
                self._used_at = self._now()
                changed = self._changed
                if self._verdict.answer is Answer.STOPPED:
                    return self._verdict
                answer = await self._money.ask_surely(
                    lambda db: granted.reserve(db, request, spender, model, estimate, self._money.now())
                )
                if answer is Answer.GRANTED:
                    return Verdict(answer)
                if request not in self._waiting:
                    self._waiting[request] = estimate
                    await self._want(0)
                elif self._verdict.answer is Answer.SPENT:
                    if not self._stillness.possible:
                        return self._verdict
                    self._hold(request)
                if not await self._heard(changed, left):
                    return Verdict(Answer.WAIT)
        finally:
            self._waiting.pop(request, None)
            self._stillness.let_go(request)

    async def settled(self) -> None:
        """Tell of each request that was settled, in their order; who hears of one twice enters it once."""
        async with self._telling:
            for number, entry in await self._money.ask(lambda db: granted.settled_since(db, self._told)):
                self._teller.tell("settled", **entry)
                self._told = number
        if self._waiting:
            # What a request has cost less than it was thought to may be enough for one that waits.
            await self._want(0)
            self._wake()

    async def take(self, order: Mapping[str, Any]) -> None:
        """Take an answer of the controller."""
        answer = Answer(order["answer"])
        number, limit = int(order["number"]), int(order["limit_nano"])
        await self._money.ask_surely(
            lambda db: granted.grant(db, self._spender, number, limit, self._money.now())
        )
        ceilings = tuple(
            Standing(str(scope), int(most), int(spent), 0) for scope, most, spent in order["ceilings"]
        )
        self._verdict = Verdict(answer, ceilings)
        self._wake()

    async def rest(self) -> None:
        """Give back what was granted and is not used, when there was no request for some time."""
        if self._waiting or self._now() - self._used_at < IDLE_S:
            return
        given = await self._money.ask_surely(lambda db: granted.give_up(db, self._spender))
        if given is not None:
            self._teller.tell("returned", number=given.number, limit=given.limit)

    async def end(self) -> None:
        """Say that nothing more comes."""
        await self.settled()
        self._teller.tell("closed")

    async def _want(self, more: int) -> None:
        now = await self._money.ask(lambda db: granted.state(db, self._spender))
        wanted = now.used + sum(self._waiting.values()) + more
        self._teller.tell("want", limit=wanted, open=now.reserved)

    def _hold(self, request: str) -> None:
        first = self._verdict.ceilings[0]
        self._stillness.hold(
            request, first.scope, words=first.words, limit_nano=first.limit, spent_nano=first.spent
        )

    async def _heard(self, changed: asyncio.Event, left: Callable[[], bool]) -> bool:
        """Wait until something has changed; False when who asked has left."""
        end = self._now() + AGAIN_S
        while not left():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), LOOK_S)
                return not left()
            if self._now() > end:
                await self._want(0)
                return not left()
        return False

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
