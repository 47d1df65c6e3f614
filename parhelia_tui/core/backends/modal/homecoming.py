"""Bringing home what an ended container made, again as long as that may help; and saying so where it cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from parhelia_tui.core.backends.modal.freight import NEVER
from parhelia_tui.core.backends.modal.trouble import TooMuch, told
from parhelia_tui.core.backends.steps import told_to
from parhelia_tui.core.model.display import length
from parhelia_tui.core.model.errors import ParheliaError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
LOOK_S = 1.0
"""Seconds between two looks at the configuration, while results are more than it lets come."""
BEFORE_S = 30.0
"""Seconds before its sandbox leaves at which the end of a container is told without its results; less for a short stay."""

_WAITS = "what it made waits to come home"

logger = logging.getLogger("parhelia.controller.modal")


class Homecoming:
    """The results of one container, on their way.

    Args:
        container_id: whose.
        fetch: brings them here once.
        most_mb: says how many MB may come, as configured now.
    """

    def __init__(
        self, container_id: str, fetch: Callable[[Any], Awaitable[None]], most_mb: Callable[[], int]
    ) -> None:
        self._container_id = container_id
        self._fetch = fetch
        self._most_mb = most_mb
        self._is_held = False
        self._pause_s = FIRST_PAUSE_S
        self._leaves_at = float("inf")
        self._called = asyncio.Event()
        self.under_way = asyncio.Event()
        """Set while something may come; what stands still for a minute fails."""
        self.why = ""
        self.step = _WAITS
        """How far they are, in words."""

    @property
    def left_behind(self) -> str:
        """In words what has to be done so that they come; empty for nothing."""
        left_s = self._leaves_at - time.monotonic()
        if not self._is_held or left_s < 0:
            return ""
        return (
            f"it has ended, and {self.why}: raise it in your configuration within {length(left_s)}, and what it made"
            " comes from its sandbox, which waits for that; else it is lost"
        )

    def leaves_in(self, seconds: float) -> None:
        """Say in how many seconds the sandbox leaves."""
        self.end_in(seconds - min(BEFORE_S, seconds / 4))

    def end_in(self, seconds: float) -> None:
        """Say after how many seconds nothing is tried again; who waits for another try has it now."""
        self._leaves_at = min(self._leaves_at, time.monotonic() + seconds)
        self._called.set()

    async def bring(self, sandbox: Any, is_heard: Callable[[], bool]) -> str:
        """Bring the results here.

        Args:
            is_heard: says whether the sandbox hears of us still, and so stays.

        Returns:
            Why they did not come and will not; empty when they are here.

        Raises:
            ConnectionError: it does not hear of us any more.
        """
        while True:
            most_mb = await asyncio.to_thread(self._most_mb)
            self.under_way.set()
            try:
                with told_to(self._keep_step):
                    await self._fetch(sandbox)
                return ""
            except Exception as error:
                failed = told(error, "the results could not be fetched")
            finally:
                self.under_way.clear()
                self.step = _WAITS
            if str(failed) != self.why:
                self.why = str(failed)
                logger.warning("the results of %s could not be fetched: %s", self._container_id, failed)
            if isinstance(failed, TooMuch) and await self._is_raised(most_mb, is_heard):
                continue
            if _is_for_good(failed) or time.monotonic() + self._pause_s > self._leaves_at:
                return self.why
            self._called.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), self._pause_s)
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
            if not is_heard():
                raise ConnectionError("the sandbox does not hear of us any more")

    def _keep_step(self, step: str) -> None:
        self.step = step

    async def _is_raised(self, most_mb: int, is_heard: Callable[[], bool]) -> bool:
        """Wait until more MB may come than these; False where the sandbox leaves before.

        Raises:
            ConnectionError: it does not hear of us any more.
        """
        self._is_held = True
        try:
            while time.monotonic() + LOOK_S < self._leaves_at:
                await asyncio.sleep(LOOK_S)
                if not is_heard():
                    raise ConnectionError("the sandbox does not hear of us any more")
                if await asyncio.to_thread(self._most_mb) > most_mb:
                    return True
            return False
        finally:
            self._is_held = False


def _is_for_good(error: ParheliaError) -> bool:
    """Say whether waiting does not help: it is more than may be fetched, or nothing that can be written here."""
    cause = error.__cause__
    return error.code == "E507" and (not isinstance(cause, OSError) or cause.errno in NEVER)


def without_results(record: bytes, why: str) -> bytes:
    """Say in a record of an end, that of the spool or that of the exit, that the results did not come, and why."""
    try:
        fields = json.loads(record)
        said = filter(None, (fields["detail"], f"its results could not be fetched: {why}"))
        return json.dumps({**fields, "detail": "; ".join(said), "has_results": False}).encode("ascii")
    except (ValueError, KeyError, TypeError, RecursionError):
        return record
