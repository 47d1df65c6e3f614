"""The controller: compares what is wanted with what is seen, acts, and records."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import time
from typing import Any

from parhelia_tui.core.backends.registry import BACKENDS, backend
from parhelia_tui.core.control import answering, egress, spending
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.rounds import Rounds
from parhelia_tui.core.control.waking import Waking
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import checkpoints, containers, events, intents, spares, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated

TROUBLE_PAUSE_S = 1.0


class Controller:
    """Opens the store, goes from round to round as it is woken, and tells about itself.

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
        self._waking = Waking()
        self._trouble = ""
        self._context: Context | None = None
        self._rounds: Rounds | None = None
        self.told_to_leave = False

    @property
    def context(self) -> Context:
        """The tools of the parts; there from `open` on."""
        assert self._context is not None
        return self._context

    @property
    def rounds(self) -> Rounds:
        """What is done in each round; there from `open` on."""
        assert self._rounds is not None
        return self._rounds

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
        self._rounds = Rounds(self._context, self._waking)
        spending.keep_configured(self._context)
        about = {
            "pid": os.getpid(),
            "since": self._since,
            "backend": "local",
            "isolation": "bubblewrap" if shutil.which("bwrap") else "none",
        }
        with writing(db) as tx:
            tx.execute("INSERT OR REPLACE INTO meta VALUES ('controller', ?)", (json.dumps(about),))
            answering.begin(tx)
            adopted = containers.live(tx)
            events.append(
                tx,
                "controller.started",
                f"the controller started and adopts {len(adopted)} containers",
                data={"pid": os.getpid(), "adopted": [each.id for each in adopted]},
            )

    async def close(self) -> None:
        """Cancel and await what runs, and let the store go; the containers go on."""
        if self._rounds is not None:
            await self._rounds.close()
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
        self._waking.tell(about)

    def leave(self) -> None:
        """Leave after the present round; the containers go on."""
        self.told_to_leave = True
        self._waking.tell()

    def take_key(self, value: str) -> None:
        """Take the API's key from a front whose environment has it."""
        self.context.api_key.value = value
        self.rounds.look_at_all()
        self._waking.soon()

    def has_work(self) -> bool:
        """Say whether there is anything to watch or to do."""
        db = self.context.db
        return bool(
            self.rounds.jobs()
            or containers.count_live(db)
            or spares.live(db)
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
            "jobs": [" ".join(name) for name in self.rounds.jobs()],
            "trouble": self._trouble,
            "last_reconcile": self.rounds.last_reconcile,
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
                await self.rounds.once()
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
            await self._waking.wait(self._config.controller.health_s, self.rounds.gather_s)
