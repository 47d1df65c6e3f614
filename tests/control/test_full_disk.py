"""A state directory without a byte left: refused in words, outlived, and made up for when there is room."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from parhelia_tui.core.backends.base import SpoolRead
from parhelia_tui.core.control import settle
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.rounds import Rounds
from parhelia_tui.core.control.waking import Waking
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Owner
from parhelia_tui.core.model.states import ContainerState, Health, TaskState
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.shim import exit_record
from parhelia_tui.core.store import containers, kept_cancels, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.in_namespace import run_on_small_disk
from tests.support.product import Product
from tests.support.store import make_task
from tests.support.waiting import until

pytestmark = pytest.mark.real

SCRIPT = """
import json, os, signal, sys
from pathlib import Path
from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from tests.support.fleet import RELEASE, container_of, controller_pid, create, end_of, halt_controller, reach
from tests.support.product import Product
from tests.support.waiting import wait_until

disk, place = Path(sys.argv[1]), Path(sys.argv[2])
product = Product(disk / "state")
client = product.client()
try:
    runs = create(client, f"echo one >> runs; {RELEASE}; exit 7", place)
    reach(client, runs.id, TaskState.RUNNING, deadline_s=60)
    # It sees the second task when no byte is left.
    pid = halt_controller(product)
    waits = create(client, "echo two >> runs; exit 8", place)
    run = product.paths.container(container_of(client, runs.id).id)

    # Without it no wish to cancel finds a place.
    product.paths.kept_cancels.unlink()
    ballast = (disk / "ballast").open("wb", buffering=0)
    try:
        while True:
            ballast.write(b"x" * 4096)
    except OSError:
        ballast.close()
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: client.controller_details()["trouble"], 60)
    trouble = client.controller_details()["trouble"]
    code, error = product.error("task", "create", "--workspace", str(place), "echo three >> runs")
    said = [code, error["code"]]
    cancel = product.error("task", "cancel", waits.id)[1]["code"]
    # It ends while nobody can write it down.
    (place / "go").touch()
    wait_until(lambda: not run_directory.is_alive(run), 60)
    listed = len(product.json("task", "list"))
    (disk / "ballast").unlink()

    big = place / "big"
    big.mkdir()
    (big / "data").write_bytes(b"x" * 6_000_000)
    clone = end_of(client, create(client, "true", big, workspace_mode="clone").id, 60)
    ended = end_of(client, runs.id, 60)
    second = end_of(client, waits.id, 60)
    ends = [each.type for each in client.events(limit=1000, task_id=runs.id) if each.type in
            ("task.completed", "task.failed", "task.cancelled")]
    print(json.dumps({
        "refused": said, "cancel": cancel, "listed": listed, "ended": [ended.state, ended.exit_code, ended.attempt],
        "second": [second.state, second.exit_code, second.attempt],
        "trouble": trouble.partition(": ")[0], "ends": ends, "same controller": controller_pid(product) == pid,
        "stderr": (product.paths.logs / "controller.err").read_text(),
        "runs": (place / "runs").read_text().split(),
        "clone": clone.reason.partition(": ")[0], "halves": [each.name for each in product.paths.workspaces.iterdir()],
        "damage": client.check_store(),
    }))
finally:
    client.close()
    product.close()
"""


def test_a_full_disk_is_said_and_nothing_is_lost(product: Product, place: Path, tmp_path: Path) -> None:
    config = tmp_path / "config" / "parhelia" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[controller]\nhealth_s = 0.1\n")
    seen = json.loads(run_on_small_disk(SCRIPT, tmp_path / "disk", 4096, (str(place),)))
    assert seen == {
        "refused": [1, "E507"],
        "cancel": "E507",
        "listed": 2,
        "trouble": "E507",
        "ended": ["failed", 7, 1],
        "second": ["failed", 8, 1],
        "ends": ["task.failed"],
        "same controller": True,
        "stderr": "",
        "runs": ["one", "two"],
        "clone": "E507",
        "halves": [],
        "damage": [],
    }


DEAF = """
import json, logging, sys
from pathlib import Path
from parhelia_tui.core.control import health
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import containers
from parhelia_tui.core.store.migrations import open_migrated
from tests.control.test_full_disk import Clock, silent_container

disk, place = Path(sys.argv[1]), Path(sys.argv[2])
db, clock = open_migrated(place / "parhelia.db"), Clock()
context = Context(Paths(disk), Config(), db, {}, logging.getLogger("test"), clock=clock)
container = silent_container(context)
with (disk / "ballast").open("wb", buffering=0) as ballast:
    try:
        while True:
            ballast.write(b"x" * 4096)
    except OSError:
        pass
seen = []
def judged(after_s):
    clock.now += after_s
    health.judge(context, container.id, reached=True)
    seen.append(containers.get(db, container.id).health)
judged(600)
(disk / "ballast").unlink()
judged(19)
judged(2)
print(json.dumps(seen))
"""


class Clock:
    """Time that a test lets pass."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def silent_container(context: Context) -> Container:
    """A container that runs and said so at this moment, for the last time."""
    with writing(context.db) as tx:
        task = tasks.add(tx, make_task())
        made = containers.add(tx, "c-00000001", task, attempt=1, workspace="/srv", slot=1, at=context.clock())
        made = containers.move(tx, made, ContainerState.RUNNING)
        return containers.update(tx, made, health=Health.HEALTHY, last_heartbeat_at=context.clock())


def test_no_silence_is_counted_while_nothing_can_be_written(place: Path, tmp_path: Path) -> None:
    seen = json.loads(run_on_small_disk(DEAF, tmp_path / "disk", 2048, (str(place),)))
    assert seen == ["healthy", "healthy", "degraded"]


async def test_nobody_is_called_silent_whose_words_could_not_be_stored(tmp_path: Path) -> None:
    async def fails(container_id: str, offset: int) -> None:
        raise ParheliaError("E507", "the store could not be written: the disk is full or failing")

    with closing(open_migrated(tmp_path / "parhelia.db")) as db:
        clock, backend = Clock(), SimpleNamespace(read_spool=fails)
        logger = logging.getLogger("test")
        context = Context(Paths(tmp_path), Config(), db, {"local": backend}, logger, clock=clock)
        container = silent_container(context)
        clock.now += 600
        rounds = Rounds(context, Waking())
        rounds._settle(container.id)
        await until(lambda: not rounds.jobs())
        assert containers.get(db, container.id).health is Health.HEALTHY
        await rounds.close()


async def test_what_was_cancelled_without_room_does_not_end_as_a_failure(tmp_path: Path) -> None:
    async def read(container_id: str, offset: int) -> SpoolRead:
        record = exit_record.record(15, 1.0, "terminated", "too slow", [], 0)
        told = {**record, "seq": 1, "at": clock.now, "type": "exited"}
        return SpoolRead([] if offset else [told], [], 1)

    with closing(open_migrated(tmp_path / "parhelia.db")) as db:
        clock, backend, paths = Clock(), SimpleNamespace(read_spool=read), Paths(tmp_path)
        context = Context(paths, Config(), db, {"local": backend}, logging.getLogger("test"), clock=clock)
        container = silent_container(context)
        kept_cancels.lay_out(paths.kept_cancels)
        with writing(db) as tx:
            tasks.move(tx, tasks.get(tx, container.task_id), TaskState.DISPATCHING, container_id=container.id)
        assert kept_cancels.keep(paths.kept_cancels, container.task_id, "too slow", Owner(), clock.now - 1)
        await settle.read_news(context, container.id)
        ended = tasks.get(db, container.task_id)
        assert (ended.state, ended.reason) == (TaskState.CANCELLED, "too slow")
