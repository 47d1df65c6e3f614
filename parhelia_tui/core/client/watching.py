"""Seeing what other processes write, within some hundredths of a second."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from parhelia_tui.core.client.fleet import (
    ControllerStatus,
    FleetChange,
    Money,
    controller_status,
    money,
    totals,
)
from parhelia_tui.core.client.store_log import StoreLog
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Heartbeat
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import approvals, containers, events, sessions, tasks
from parhelia_tui.core.store.changes import current_rev
from parhelia_tui.core.store.connection import reading
from parhelia_tui.core.store.migrations import open_migrated

LOOK_EVERY_S = 0.04
"""Seconds between two looks, at least. To wake for one takes 73 microseconds of processor time, and `PRAGMA
data_version` another 65 where nothing else keeps the caches warm."""
GATHER_S = 0.01
"""Seconds from the first write of a commit to the look: most have several."""
SETTLED_S = 0.1
"""Seconds after a look for what was written to another: a commit can be seen some time after its last write, as it waits
for the disk in between."""
STATUS_EVERY_S = 1.0
"""How often the controller's lock is looked at; its death writes nothing into the store."""


class Watcher(AbstractAsyncContextManager["Watcher"]):
    """An asynchronous stream of changes, fed by one thread with a connection of its own.

    Args:
        paths: the state directory.
        rev: changes after this number are given, from `FleetSnapshot.rev`.
        event_seq: events after this number are given.
        clock: gives epoch seconds.
    """

    def __init__(
        self, paths: Paths, rev: int, event_seq: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._paths = paths
        self._rev = rev
        self._event_seq = event_seq
        self._beats: dict[str, int] = {}
        self._money: Money | None = None
        self._stop = threading.Event()
        self._log: StoreLog | None = None
        self._taken = threading.Event()
        self._taken.set()
        self._queue: asyncio.Queue[FleetChange | ParheliaError] = asyncio.Queue()
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Watcher:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="fleet-watcher", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._taken.set()
        if self._log is not None:
            self._log.wake()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def __aiter__(self) -> AsyncIterator[FleetChange]:
        return self._changes()

    async def _changes(self) -> AsyncIterator[FleetChange]:
        """Give one change after the other.

        Raises:
            ParheliaError: when the store cannot be read; watching goes on, the next look may succeed.
        """
        while True:
            item = await self._queue.get()
            self._taken.set()
            if isinstance(item, ParheliaError):
                raise item
            yield item

    def _run(self) -> None:
        # Not by whoever opens the watch: what tells of writes is loaded with it, and the first frame is near.
        self._log = StoreLog(self._paths.database)
        try:
            self._watch(self._log)
        finally:
            self._log.close()

    def _watch(self, log: StoreLog) -> None:
        db: sqlite3.Connection | None = None
        seen_version, seen_status, trouble = -1, None, ""
        looked_at = next_status = again_at = 0.0
        while self._waits(
            log, looked_at, looked_at + LOOK_EVERY_S if db is None else min(next_status, again_at)
        ):
            looked_at = time.monotonic()
            again_at = looked_at + SETTLED_S if log.wait(0) else math.inf
            log.clear()
            try:
                db = db or open_migrated(self._paths.database)
                version = db.execute("PRAGMA data_version").fetchone()[0]
                if version == seen_version and looked_at < next_status:
                    continue
                with reading(db):
                    status = controller_status(db, self._paths)
                    next_status = looked_at + STATUS_EVERY_S
                    if version == seen_version and status == seen_status:
                        continue
                    change = self._look(db, status)
                seen_version, seen_status, trouble = version, status, ""
                self._give(change)
            except ParheliaError as error:
                # Said once for each kind of trouble; a screen shows it until the next change arrives.
                if str(error) != trouble:
                    trouble = str(error)
                    self._give(error)
                if db is not None:
                    db.close()
                    db, seen_version = None, -1
        if db is not None:
            db.close()

    def _waits(self, log: StoreLog, looked_at: float, until: float) -> bool:
        """Wait for the next look; say whether there is one.

        Args:
            log: says when something is written.
            looked_at: when the last look was, in monotonic seconds.
            until: when the next one is due though nothing is written.
        """
        # The loop may be behind, or stand still while somebody is attached to a terminal for hours. What happens
        # meanwhile is in the store and comes as one change.
        self._taken.wait()
        if log.wait(max(0.0, until - time.monotonic())):
            self._stop.wait(max(GATHER_S, looked_at + LOOK_EVERY_S - time.monotonic()))
        return not self._stop.is_set()

    def _give(self, item: FleetChange | ParheliaError) -> None:
        # The loop may be closed already when the program ends without leaving the context.
        if not self._loop.is_closed():
            self._taken.clear()
            if self._stop.is_set():
                # Who stopped said so before this was to be taken, and takes nothing any more.
                self._taken.set()
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    def _look(self, db: sqlite3.Connection, status: ControllerStatus) -> FleetChange:
        now = self._clock()
        new_events = events.since(db, self._event_seq)
        while len(piece := events.since(db, new_events[-1].seq if new_events else self._event_seq)) > 0:
            # A burst is longer than one reading; what is left would wait for the next write.
            new_events += piece
        changed = containers.changed_since(db, self._rev)
        beats: list[Heartbeat] = []
        for container in changed:
            fresh = (
                containers.heartbeats_since(db, container.id, self._beats[container.id])
                if container.id in self._beats
                else containers.heartbeats(db, container.id, 1)
            )
            self._beats[container.id] = fresh[-1].seq if fresh else self._beats.get(container.id, 0)
            beats.extend(fresh)
        self._money = money(db, now, self._money)
        change = FleetChange(
            rev=current_rev(db),
            at=now,
            tasks=tuple(tasks.changed_since(db, self._rev)),
            containers=tuple(changed),
            sessions=tuple(sessions.changed_since(db, self._rev)),
            events=tuple(new_events),
            heartbeats=tuple(beats),
            totals=totals(db, self._money),
            controller=status,
            waiting=tuple(approvals.waiting(db)),
        )
        self._rev = change.rev
        self._event_seq = new_events[-1].seq if new_events else self._event_seq
        return change
