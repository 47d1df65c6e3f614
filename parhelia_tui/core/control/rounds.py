"""What the controller does in each round, in order, and the jobs that it starts for what takes time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.control import (
    allowances,
    approvals,
    checkpoint_retention,
    creation,
    deferral,
    dispatch,
    due_checkpoints,
    egress,
    health,
    journals,
    left_behind,
    memory,
    notify,
    reconcile,
    renewal,
    replies,
    retention,
    sandbox_ceilings,
    screens,
    scrubbing,
    settle,
    spares,
    spending,
    watching,
    wishes,
)
from parhelia_tui.core.control import checkpoints as taking
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.groups import Groups
from parhelia_tui.core.control.jobs import Jobs, Name
from parhelia_tui.core.control.waking import BURST_S, GATHER_S, Waking
from parhelia_tui.core.model.records import Container, Intent
from parhelia_tui.core.store import checkpoints, containers, intents

CREATE_AT_ONCE = 8
"""Containers that are being created at the same time; more only wait for the processors."""
CHECKPOINTS_AT_ONCE = 2
"""Checkpoints that are being taken at the same time: each reads and packs as fast as a processor can."""
RETENTION_EVERY_S = 3600.0


class Rounds:
    """One round after the other: wishes, dispatch, what the shims say, health, reconcile, retention.

    Everything it knows stands in the store, so it may be killed at any instant.

    Args:
        context: the tools of the parts.
        waking: is told when there is reason for another round, and who has news.
    """

    def __init__(self, context: Context, waking: Waking) -> None:
        self._context = context
        self._config = context.config
        self._waking = waking
        self._jobs = Jobs(context.logger, self._job_done)
        self._creating = asyncio.Semaphore(CREATE_AT_ONCE)
        self._taking = asyncio.Semaphore(CHECKPOINTS_AT_ONCE)
        self._due: dict[str, float] = {}
        self._groups = Groups(context)
        self._ceilings = sandbox_ceilings.Ceilings(context)
        self._spares = spares.Spares(context, self._start)
        self._notifier = notify.Notifier(context, self._start)
        self.last_reconcile: dict[str, Any] = {}
        """What the last look at all containers found, for a JSON reply."""

    async def close(self) -> None:
        """Cancel and await what runs."""
        await self._jobs.close()

    def jobs(self) -> list[Name]:
        """Name the jobs that run."""
        return self._jobs.names()

    def gather_s(self) -> float:
        """Say for how many seconds what is told is gathered now."""
        return BURST_S if self._others_wait() else GATHER_S

    def look_at_all(self) -> None:
        """Let the next round look at every container, whenever the last one did."""
        self._due.pop("look", None)

    async def once(self) -> None:
        """Do what is to be done now; what takes time becomes a job."""
        if self._begin():
            # Somebody waits for these containers; they need not wait for the rest of the round as well.
            await asyncio.sleep(0)
        self._look_after()

    def _begin(self) -> bool:
        """Take up what is wished; say whether a container is to be created."""
        context = self._context
        wishes.cancel_waiting(context)
        for intent in intents.pending(context.db):
            self._fulfil(intent)
        deferral.go_on(context)
        picked = dispatch.pick(context)
        for container_id in picked:
            self._create(container_id)
        return bool(picked)

    def _look_after(self) -> None:
        """Look after all that is there already."""
        context = self._context
        for container_id, reason in wishes.to_end(context):
            self._end(container_id, reason)
        allowances.close_ended(context)
        for container_id in allowances.untold(context):
            self._allow(container_id)
        spending.take(context)
        for container_id in self._waking.take_news():
            self._read(container_id)
        if self._is_due("look", self._config.controller.health_s):
            live = containers.live(context.db)
            health.forget_ended(context, live)
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
            left_behind.look(context)
        if self._is_due("ceilings", sandbox_ceilings.EVERY_S):
            self._ceilings.look()
        if self._is_due("spares", spares.LOOK_S):
            self._spares.look()
        for wanted in checkpoints.unfinished(context.db):
            self._take(wanted.id)
        if self._is_due("journals", self._config.controller.reconcile_s):
            self._start("journals", "", lambda: journals.finish_rollbacks(context))
        if self._is_due("reconcile", self._config.controller.reconcile_s):
            self._start("reconcile", "", self._reconcile)
        if self._is_due("retention", RETENTION_EVERY_S):
            self._start("retention", "", lambda: retention.expire(context))
            self._start("collect", "", lambda: checkpoint_retention.expire(context))
        self._groups.follow()
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
        self._start("intent", str(intent.id), lambda: wishes.fulfil(self._context, intent))

    def _take(self, checkpoint_id: str) -> None:
        async def take() -> None:
            async with self._taking:
                await taking.take(self._context, checkpoint_id)

        self._start("checkpoint", checkpoint_id, take)

    def _answer(self, approval_id: str) -> None:
        self._start("answer", approval_id, lambda: approvals.carry_out(self._context, approval_id))

    def _type(self, task_id: str) -> None:
        self._start("reply", task_id, lambda: replies.deliver(self._context, task_id))

    def _create(self, container_id: str) -> None:
        async def create() -> None:
            await creation.create(self._context, container_id, self._creating)

        self._start("create", container_id, create)

    def _end(self, container_id: str, reason: str) -> None:
        async def end() -> None:
            for maker in ("create", "settle"):
                await self._jobs.wait((maker, container_id))
            await settle.end(self._context, container_id, reason)

        self._start("end", container_id, end)

    def _read(self, container_id: str) -> None:
        async def read() -> None:
            await settle.read_news(self._context, container_id)

        if not self._start("read", container_id, read):
            # It is being read already; once more afterwards, for what came meanwhile.
            self._waking.news.add(container_id)

    def _give_key(self, container: Container) -> None:
        self._start("key", container.id, lambda: egress.give_key(self._context, container))

    def _allow(self, container_id: str) -> None:
        self._start("allow", container_id, lambda: allowances.tell(self._context, container_id))

    def _settle(self, container_id: str) -> None:
        # Nobody judges a container that is only half made or half gone.
        if self._jobs.runs(("create", container_id)) or self._jobs.runs(("end", container_id)):
            return

        self._start("settle", container_id, lambda: watching.watch(self._context, container_id))

    async def _reconcile(self) -> None:
        done = await reconcile.round_of(self._context)
        self.last_reconcile = {
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
            self._waking.gather_no_more()
        # What failed is tried again at the next tick, not at once. A look that found nothing new is no reason
        # for another round; everything else may have freed something.
        if not failed and (name[0] != "settle" or self._waking.news):
            self._waking.soon()
