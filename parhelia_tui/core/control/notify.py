"""Telling people of changes: found in the history, told once, and never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from parhelia_tui.core.control import channels
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.notices import Finder, Notice, is_wanted
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.config_notify import NotifyConfig
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing

PAUSES_S = (0.0, 1.0, 5.0)
"""Before each try; after the last it is given up."""
AT_ONCE = 4
"""By one way."""
MOST = 100
"""Notices that are on their way; more are left out, and that is told."""
WAYS = ("webhook", "command")
_MARK = "notified"


class Notifier:
    """Finds what is to be told, and tells it by jobs of their own.

    Args:
        context: the controller's tools.
        start: starts a job by what it does and to what.
    """

    def __init__(
        self, context: Context, start: Callable[[str, str, Callable[[], Awaitable[Any]]], bool]
    ) -> None:
        self._context = context
        self._start = start
        self._finder = Finder()
        # One each: an address that does not answer keeps no program waiting.
        self._turns = {way: asyncio.Semaphore(AT_ONCE) for way in WAYS}
        self._under_way = 0

    def look(self) -> None:
        """Begin to tell what has happened since the last look.

        What was seen is stored before it is told, so nothing is told twice, whatever is killed.
        """
        rules, db, now = self._context.config.notify, self._context.db, self._context.clock()
        if not ways(rules):
            return
        mark = db.execute("SELECT value FROM meta WHERE key = ?", (_MARK,)).fetchone()
        last = events.last_seq(db)
        if mark is not None and int(mark[0]) == last:
            return
        found = events.since(db, int(mark[0])) if mark is not None else []
        seen = found[-1].seq if found else last
        with writing(db) as tx:
            tx.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_MARK, str(seen)))
        for event in found:
            task = tasks.find(db, event.task_id) if event.task_id else None
            notice = self._finder.find(event, task, now)
            if notice is not None and is_wanted(notice, rules):
                for way in ways(rules):
                    self._tell(f"{event.seq} {way}", way, notice)

    def _tell(self, name: str, way: str, notice: Notice) -> None:
        if self._under_way >= MOST:
            self._failed(way, notice, "too many notices are on their way")
            return
        self._under_way += 1
        self._start("notify", name, partial(self._go, way, notice))

    async def _go(self, way: str, notice: Notice) -> None:
        problem = ""
        try:
            for pause_s in PAUSES_S:
                await asyncio.sleep(pause_s)
                async with self._turns[way]:
                    try:
                        await send(way, notice, self._context.config)
                        return
                    except ParheliaError as error:
                        problem = error.message
            self._failed(way, notice, f"{len(PAUSES_S)} times: {problem}")
        finally:
            self._under_way -= 1

    def _failed(self, way: str, notice: Notice, why: str) -> None:
        with writing(self._context.db) as tx:
            events.append(
                tx,
                "notify.failed",
                f"{way}: {why}",
                level="warning",
                task_id=notice.task_id or None,
                data={"way": way, "kind": notice.kind},
                at=self._context.clock(),
            )


def ways(rules: NotifyConfig) -> list[str]:
    """Name the ways that the controller goes."""
    return [way for way in WAYS if getattr(rules, way)]


async def send(way: str, notice: Notice, config: Config) -> None:
    """Tell by one way, once. Raises E500, E501, E502, E700."""
    rules = config.notify
    if way == "webhook":
        await channels.post(rules.webhook, notice, config.network.ca_file)
    else:
        await channels.run_command(rules.command, notice)


async def test(context: Context) -> dict[str, Any]:
    """Tell by every way that is configured, whatever the filters say; gives what became of each."""
    rules, result = context.config.notify, {}
    notice = Notice("test", "", "This notice", "somebody asked for it", 0, context.clock())
    for way in ways(rules):
        try:
            await send(way, notice, context.config)
            result[way] = "sent"
        except ParheliaError as error:
            result[way] = str(error)
    return result
