"""The controller: compares what is wanted with what is seen, acts, and records."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.backends.registry import BACKENDS, backend
from parhelia_tui.core.control import (
    allowances,
    approvals,
    checkpoint_retention,
    deferral,
    dispatch,
    due_checkpoints,
    egress,
    health,
    journals,
    memory,
    notify,
    reconcile,
    renewal,
    replies,
    retention,
    screens,
    scrubbing,
    settle,
    spending,
    wishes,
)
from parhelia_tui.core.control import checkpoints as taking
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.groups import Groups
from parhelia_tui.core.control.jobs import Jobs, Name
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Intent
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import checkpoints, containers, events, intents, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated

CREATE_AT_ONCE = 8
"""Containers that are being created at the same time; more only wait for the processors."""
CHECKPOINTS_AT_ONCE = 2
"""Checkpoints that are being taken at the same time: each reads and packs as fast as a processor can."""
RETENTION_EVERY_S = 3600.0
TROUBLE_PAUSE_S = 1.0
GATHER_S, BURST_S = 0.01, 0.25
"""How long what containers and jobs tell is gathered before a round looks at all of it, and how long while further
containers wait for their turn to be created: those need the processors, and what begins and ends within that time is
then read and stored once. Fronts never wait for it, and it ends with the waiting."""


class Controller:
    """One round after the other: wishes, dispatch, what the shims say, health, reconcile, retention.

    Everything it knows stands in the store, so it may be killed at any instant.

    Args:
        paths: the state directory, whose lock this process holds.
        config: how many, how long, how often.
        logger: its log.
    """

    def __init__(self, paths: Paths, config: Config, logger: logging.Logger) -> None:
        self._paths = paths
        self._config = config
        self._logger = logger
        self._since = time.time()
        self._woken = asyncio.Event()
        self._pressing = asyncio.Event()
        self._news: set[str] = set()
        self._jobs = Jobs(logger, self._job_done)
        self._creating = asyncio.Semaphore(CREATE_AT_ONCE)
        self._taking = asyncio.Semaphore(CHECKPOINTS_AT_ONCE)
        self._trouble = ""
        self._last_round: dict[str, Any] = {}
        self._context: Context | None = None
        self._groups: Groups | None = None
        self._notifier: notify.Notifier | None = None
        self._due: dict[str, float] = {}
        self.told_to_leave = False

    @property
    def context(self) -> Context:
        """The tools of the parts; there from `open` on."""
        assert self._context is not None
        return self._context

    def open(self) -> None:
        """Open the store, say who we are, and look at everything that the last controller left."""
        db = open_migrated(self._paths.database)
        self._context = Context(
            paths=self._paths,
            config=self._config,
            db=db,
            backends={
                name: backend(
                    name,
                    self._paths,
                    heartbeat_s=self._config.health.heartbeat_s,
                    system_paths=self._config.local.system_paths,
                    history_lines=self._config.sessions.history_lines,
                    modal=self._config.modal,
                )
                for name in BACKENDS
            },
            logger=self._logger,
            since=self._since,
        )
        egress.take_key(self._context)
        self._groups = Groups(self._context)
        self._notifier = notify.Notifier(self._context, self._start)
        spending.keep_configured(self._context)
        about = {
            "pid": os.getpid(),
            "since": self._since,
            "backend": "local",
            "isolation": "bubblewrap" if shutil.which("bwrap") else "none",
        }
        with writing(db) as tx:
            tx.execute("INSERT OR REPLACE INTO meta VALUES ('controller', ?)", (json.dumps(about),))
            adopted = containers.live(tx)
            events.append(
                tx,
                "controller.started",
                f"the controller started and adopts {len(adopted)} containers",
                data={"pid": os.getpid(), "adopted": [each.id for each in adopted]},
            )

    async def close(self) -> None:
        """Cancel and await what runs, and let the store go; the containers go on."""
        await self._jobs.close()
        if self._context is not None:
            for each in self._context.backends.values():
                await each.close()
            await self._context.workers.close()
            with writing(self._context.db) as tx:
                events.append(tx, "controller.stopped", "the controller leaves; what runs goes on")
            self._context.db.close()
            if self._context.book.db is not None:
                self._context.book.db.close()
            self._context = None

    def wake(self, about: str = "") -> None:
        """Look again soon; `about` is the id of a container that has news."""
        if about.startswith("c-"):
            self._news.add(about)
        else:
            self._pressing.set()
        self._woken.set()

    def leave(self) -> None:
        """Leave after the present round; the containers go on."""
        self.told_to_leave = True
        self._pressing.set()
        self._woken.set()

    def has_work(self) -> bool:
        """Say whether there is anything to watch or to do."""
        db = self.context.db
        return bool(
            self._jobs.names()
            or containers.count_live(db)
            or tasks.queue(db, 1)
            or intents.pending(db)
            or checkpoints.unfinished(db)
            or spending.has_open(self.context)
        )

    def status(self) -> dict[str, Any]:
        """Tell about itself: plain values for a JSON reply."""
        db = self.context.db
        return {
            "pid": os.getpid(),
            "since": self._since,
            "live_containers": containers.count_live(db),
            "max_containers": self._config.controller.max_containers,
            "jobs": [" ".join(name) for name in self._jobs.names()],
            "trouble": self._trouble,
            "last_reconcile": self._last_round,
            "reconcile_every_s": self._config.controller.reconcile_s,
        }

    async def run(self) -> None:
        """Work until told to leave, or until there was nothing to do for the configured time."""
        busy_at = time.monotonic()
        while not self.told_to_leave:
            if not self._paths.database.exists():
                # Who removed the state directory took all that could be looked after; what still runs is
                # ended by its own supervisor, and nothing that we do would be remembered.
                self._logger.error("the state directory is gone")
                self.told_to_leave = True
                return
            try:
                self._round()
                self._trouble = ""
                if self.has_work():
                    busy_at = time.monotonic()
            except Exception as error:
                # A full disk or a held store, mostly. Said once, tried again until it passes: without us
                # nobody would see how the tasks end, and a round can be repeated safely.
                known = isinstance(error, ParheliaError)
                if str(error) != self._trouble:
                    self._logger.error("round fails: %s", error, exc_info=None if known else error)
                self._trouble = str(error)
                await asyncio.sleep(TROUBLE_PAUSE_S)
            if time.monotonic() - busy_at > self._config.controller.idle_exit_s:
                return
            await self._until_woken(self._config.controller.health_s)

    async def _until_woken(self, most_s: float) -> None:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(most_s, self._woken.set)
        await self._woken.wait()
        timer.cancel()
        timer = loop.call_later(BURST_S if self._others_wait() else GATHER_S, self._pressing.set)
        await self._pressing.wait()
        timer.cancel()
        self._woken.clear()
        self._pressing.clear()

    def _round(self) -> None:
        context = self.context
        wishes.cancel_waiting(context)
        for intent in intents.pending(context.db):
            self._fulfil(intent)
        deferral.go_on(context)
        for container_id in dispatch.pick(context):
            self._create(container_id)
        for container_id, reason in wishes.to_end(context):
            self._end(container_id, reason)
        allowances.close_ended(context)
        for container_id in allowances.untold(context):
            self._allow(container_id)
        spending.take(context)
        news, self._news = self._news, set()
        for container_id in news:
            self._read(container_id)
        if self._is_due("look", self._config.controller.health_s):
            live = containers.live(context.db)
            spending.settle_dead(context)
            for container in live:
                self._settle(container.id)
                if egress.lacks_key(context, container):
                    self._give_key(container)
        if self._is_due("questions", self._config.controller.health_s):
            approvals.expire(context)
            deferral.let_go(context)
            replies.expire(context)
        for task_id in replies.due(context.db):
            self._type(task_id)
        for approval_id in approvals.decided(context.db):
            self._answer(approval_id)
        if self._is_due("screens", screens.EVERY_S):
            self._start("screens", "", lambda: screens.look(context))
        if self._is_due("checkpoints", self._config.controller.health_s):
            due_checkpoints.want_due(context)
            memory.remember(context)
            ended = scrubbing.due(context)
            if ended:
                self._start("scrub", "", lambda: scrubbing.scrub(context, ended))
        if self._is_due("renewal", min(renewal.EVERY_S, self._config.modal.renew_before_s / 20)):
            renewal.look(context)
        for wanted in checkpoints.unfinished(context.db):
            self._take(wanted.id)
        if self._is_due("journals", self._config.controller.reconcile_s):
            self._start("journals", "", lambda: journals.finish_rollbacks(context))
        if self._is_due("reconcile", self._config.controller.reconcile_s):
            self._start("reconcile", "", self._reconcile)
        if self._is_due("retention", RETENTION_EVERY_S):
            self._start("retention", "", lambda: retention.expire(context))
            self._start("collect", "", lambda: checkpoint_retention.expire(context))
        if self._groups is not None:
            self._groups.follow()
        if self._notifier is not None:
            self._notifier.look()

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True

    def _start(self, what: str, about: str, work: Callable[[], Any]) -> bool:
        return self._jobs.start((what, about), work)

    def _fulfil(self, intent: Intent) -> None:
        self._start("intent", str(intent.id), lambda: wishes.fulfil(self.context, intent))

    def _take(self, checkpoint_id: str) -> None:
        async def take() -> None:
            async with self._taking:
                await taking.take(self.context, checkpoint_id)

        self._start("checkpoint", checkpoint_id, take)

    def _answer(self, approval_id: str) -> None:
        self._start("answer", approval_id, lambda: approvals.carry_out(self.context, approval_id))

    def _type(self, task_id: str) -> None:
        self._start("reply", task_id, lambda: replies.deliver(self.context, task_id))

    def _create(self, container_id: str) -> None:
        async def create() -> None:
            await dispatch.create(self.context, container_id, self._creating)

        self._start("create", container_id, create)

    def _end(self, container_id: str, reason: str) -> None:
        async def end() -> None:
            for maker in ("create", "settle"):
                await self._jobs.wait((maker, container_id))
            await settle.end(self.context, container_id, reason)

        self._start("end", container_id, end)

    def _read(self, container_id: str) -> None:
        async def read() -> None:
            await settle.read_news(self.context, container_id)

        if not self._start("read", container_id, read):
            # It is being read already; once more afterwards, for what came meanwhile.
            self._news.add(container_id)

    def _give_key(self, container: Container) -> None:
        self._start("key", container.id, lambda: egress.give_key(self.context, container))

    def _allow(self, container_id: str) -> None:
        self._start("allow", container_id, lambda: allowances.tell(self.context, container_id))

    def take_key(self, value: str) -> None:
        """Take the API's key from a front whose environment has it."""
        self.context.api_key.value = value
        self._due.pop("look", None)
        self._woken.set()

    def _settle(self, container_id: str) -> None:
        # Nobody judges a container that is only half made or half gone.
        if self._jobs.runs(("create", container_id)) or self._jobs.runs(("end", container_id)):
            return

        async def compare() -> None:
            try:
                await settle.settle(self.context, container_id)
            finally:
                # Also where it could not be looked at: then its silence is all that is known of it.
                health.judge(self.context, container_id)

        self._start("settle", container_id, compare)

    async def _reconcile(self) -> None:
        done = await reconcile.round_of(self.context)
        self._last_round = {
            "at": time.time(),
            "complete": done.complete,
            "seen": done.seen,
            "live": done.live,
        }

    def _others_wait(self) -> bool:
        """Say whether more containers are to be created than are being created at the same time."""
        return sum(what == "create" for what, _ in self._jobs.names()) > CREATE_AT_ONCE

    def _job_done(self, name: Name, failed: bool) -> None:
        if name[0] == "create" and not self._others_wait():
            self._pressing.set()
        # What failed is tried again at the next tick, not at once. A look that found nothing new is no reason
        # for another round; everything else may have freed something.
        if not failed and (name[0] != "settle" or self._news):
            self._woken.set()
