"""Asking for money for each request, and keeping waiting what a person may still allow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from parhelia_tui.core.egress.money import Money
from parhelia_tui.core.egress.stillness import Stillness
from parhelia_tui.core.meter.spending import Answer, Spender, Verdict, reserve

LOOK_S = 0.02
LOOK_HELD_S = 0.25
AGAIN_S = 30.0
"""Asked again after so long also where nothing has changed: a new day has begun, perhaps."""


class Permission:
    """Gives money for requests.

    A request beyond a ceiling is held: the supervisor is told to hold the container still, and whoever raises
    the ceiling lets both go on, so that the agent notices nothing but the time. Who is stopped is refused.

    Args:
        stillness: where the container cannot be held still, the request is refused at once.
    """

    def __init__(self, money: Money, stillness: Stillness) -> None:
        self._money = money
        self._stillness = stillness

    async def ask(
        self, request: str, spender: Spender, model: str, estimate: int, left: Callable[[], bool]
    ) -> Verdict:
        """Ask until there is an answer.

        Args:
            left: says whether who made the request has gone away.

        Returns:
            `GRANTED`, `SPENT` or `STOPPED`; `WAIT` when who asked has gone away meanwhile.
        """
        try:
            while True:
                version = await self._money.version()
                verdict = await self._money.ask_surely(
                    lambda db: reserve(db, request, spender, model, estimate, self._money.now())
                )
                if verdict.answer in (Answer.GRANTED, Answer.STOPPED):
                    return verdict
                if verdict.answer is Answer.SPENT:
                    if not self._stillness.possible:
                        return verdict
                    self._hold(request, verdict)
                if not await self._changed(version, left):
                    return Verdict(Answer.WAIT, verdict.ceilings)
        finally:
            self._stillness.let_go(request)

    async def settled(self) -> None:
        """Who else asks sees it in the book."""

    def _hold(self, request: str, verdict: Verdict) -> None:
        first = verdict.ceilings[0]
        self._stillness.hold(
            request, first.scope, words=first.words, limit_nano=first.limit, spent_nano=first.spent
        )

    async def _changed(self, version: tuple[int, int], left: Callable[[], bool]) -> bool:
        """Wait until somebody changes the book; False when who asked has left."""
        clock = asyncio.get_running_loop().time
        end = clock() + AGAIN_S
        # The request itself was the last change of ours.
        own = version[1] + 1
        while not left():
            await asyncio.sleep(LOOK_HELD_S if self._stillness else LOOK_S)
            seen = await self._money.version()
            if seen != (version[0], own) or clock() > end:
                return not left()
        return False


def refusal(verdict: Verdict, task: str) -> str:
    """Say in words that an agent can act on why there is no money."""
    if verdict.answer is Answer.STOPPED:
        why = "A person has stopped this task's spending."
    else:
        why = f"The budget is spent: {verdict.ceilings[0].words}."
    return (
        f"{why} Do not try again: no request will be answered. Stop here and leave the work as it is;"
        f" a person can let it go on with: parhelia budget raise {task} USD"
    )
