"""A round of reconciling over many sandboxes that run, against the emulated provider's listing."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from pathlib import Path

from bench.harness import ROUNDS, Result, median
from bench.home import ended_task
from parhelia_tui.core.backends.modal import records
from parhelia_tui.core.backends.modal.backend import ModalBackend
from parhelia_tui.core.backends.modal.drift import CONTAINER_TAG, INSTALLATION_TAG
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.reconcile import round_of
from parhelia_tui.core.model.states import ContainerState
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.modal_provider import Provider

MANY, FEW = 1000, 250


def measure(provider: Provider) -> list[Result]:
    """Seconds of a round over 1,000 that are known, and how they grow from 250."""
    few, many = (asyncio.run(_round(provider, count)) for count in (FEW, MANY))
    return [
        Result.at_most("modal", "a round over 1,000 sandboxes", many, "s", 2.0),
        # Four times as many in at most five times the time: a round has a part that does not grow.
        Result.at_most("modal", "a round over 1,000 / over 250", many / few, "x", 5.0),
    ]


async def _round(provider: Provider, count: int) -> float:
    with tempfile.TemporaryDirectory(prefix="parhelia-bench-") as place:
        paths, config = Paths(Path(place)), Config()
        private_directory(paths.home)
        mark = records.installation(paths, make=True)
        db = open_migrated(paths.database)
        names = [f"c-{number:08x}" for number in range(count)]
        ids = provider.order(
            "pretend",
            app=config.modal.app,
            tags=[{INSTALLATION_TAG: mark, CONTAINER_TAG: name} for name in names],
        )
        now = time.time()
        with writing(db) as tx:
            for number, (name, object_id) in enumerate(zip(names, ids, strict=True)):
                task = tasks.add(tx, ended_task(number))
                made = containers.add(tx, name, task, attempt=1, workspace="/w", slot=number + 1, at=now)
                containers.move(tx, made, ContainerState.RUNNING, started_at=now, last_heartbeat_at=now)
                tx.execute("UPDATE containers SET backend = 'modal' WHERE id = ?", (name,))
                run = private_directory(paths.container(name))
                records.write(run, records.SandboxRecord(object_id, "/w", True, now))
        backend = ModalBackend(paths, config.modal, heartbeat_s=10.0)
        context = Context(paths, config, db, {"modal": backend}, logging.getLogger("bench"))
        took = []
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            done = await round_of(context)
            took.append(time.perf_counter() - began)
            assert (done.complete, done.seen, done.live) == (True, count, count)
            assert not done.orphans
            assert not done.settled
        await backend.close()
        db.close()
        provider.order("unpretend")
    return median(took[1:])
