"""What is seen against what is stored: only what is certain changes anything."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, ContainerState, TaskState
from tests.support.fleet import (
    RELEASE,
    configure,
    container_of,
    create,
    end_of,
    event,
    kill_controller,
    reach,
    shim_pid,
    types_of,
)
from tests.support.product import Product
from tests.support.waiting import process_is_there, wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def running(client: Client, place: Path) -> tuple[Task, Container]:
    """A task that works until it is released, and its container."""
    task = create(client, f"{RELEASE}; exit 7", place)
    reach(client, task.id, TaskState.RUNNING)
    return client.task(task.id), container_of(client, task.id)


def assert_goes_on(client: Client, place: Path, task: Task) -> None:
    """Nobody concluded anything: it still works, and ends once, with its own code."""
    assert client.task(task.id).state is TaskState.RUNNING
    assert len(client.containers_of(task.id)) == 1
    (place / "go").touch()
    assert end_of(client, task.id).exit_code == 7
    ends = ("task.completed", "task.failed", "task.cancelled")
    assert types_of(client, task_id=task.id, types=ends) == ["task.failed"]


@pytest.mark.parametrize("wrong", ["gone", "a file", "empty"])
def test_a_listing_that_fails_or_lies_changes_nothing(
    product: Product, client: Client, place: Path, running: tuple[Task, Container], wrong: str
) -> None:
    task, container = running
    true = product.paths.containers
    aside = true.with_name("aside")
    true.rename(aside)
    if wrong == "a file":
        true.write_text("not a directory")
    elif wrong == "empty":
        # As where its file system is not mounted.
        true.mkdir(mode=0o700)
    for _ in range(2):
        code, error = product.error("reconciler", "run")
        assert (code, error["code"]) == (8, "E503")
        seen = error["details"]
        assert seen["complete"] is False
        # What is not there is looked for by itself only after a listing that succeeded.
        assert seen["settled"] == ([container.id] if wrong == "empty" else [])
    said = event(client, "reconcile.incomplete")
    assert (said.level, "nothing is concluded" in said.message) == ("warning", True)
    assert client.container(container.id).state is ContainerState.RUNNING
    if wrong == "empty":
        true.rmdir()
    elif wrong == "a file":
        true.unlink()
    aside.rename(true)
    assert product.json("reconciler", "run")["complete"] is True
    assert_goes_on(client, place, task)


@pytest.mark.parametrize("wrong", ["gone", "a file"])
def test_a_run_directory_that_is_not_there_is_no_end_while_its_processes_are(
    product: Product, client: Client, place: Path, running: tuple[Task, Container], wrong: str
) -> None:
    task, container = running
    beside = create(client, RELEASE, place)
    reach(client, beside.id, TaskState.RUNNING)
    run = product.paths.container(container.id)
    aside = product.home / "aside"
    run.rename(aside)
    if wrong == "a file":
        run.write_text("not a directory")
    seen = product.error("reconciler", "run")[1]["details"]
    assert (seen["complete"], len(seen["errors"])) == (False, 1)
    assert event(client, "reconcile.incomplete").container_id == container.id
    assert client.container(container.id).state is ContainerState.RUNNING
    if wrong == "a file":
        run.unlink()
    aside.rename(run)
    assert_goes_on(client, place, task)


@pytest.mark.long
def test_a_container_whose_run_directory_is_gone_can_still_be_ended(
    product: Product, client: Client, running: tuple[Task, Container]
) -> None:
    task, container = running
    pid = shim_pid(product, container.id)
    run = product.paths.container(container.id)
    run.rename(product.home / "aside")
    product.json("container", "terminate", container.id, "--yes")
    ended = end_of(client, task.id)
    assert (ended.state, ended.reason) == (TaskState.FAILED, "terminated by the user")
    wait_until(lambda: not process_is_there(pid), 10)


def test_what_is_gone_with_its_processes_is_lost_and_its_task_fails_with_that_reason(
    product: Product, client: Client, running: tuple[Task, Container], place: Path
) -> None:
    task, container = running
    (place / "kept").write_text("work")
    pid = shim_pid(product, container.id)
    kill_controller(product)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not process_is_there(pid), 10)
    product.paths.container(container.id).rename(product.home / "aside")
    client.ensure_controller()
    ended = end_of(client, task.id)
    assert (ended.state, ended.exit_code) == (TaskState.FAILED, None)
    assert client.container(container.id).state is ContainerState.LOST
    told = event(client, "container.lost")
    assert (told.level, told.message) == ("error", "local knows nothing of it any more")
    assert ended.reason == told.message
    assert (place / "kept").read_text() == "work"
    # The slot is free again, and what was lost can be tried again.
    (place / "go").touch()
    product.json("task", "retry", task.id)
    assert reach(client, task.id, TaskState.FAILED).attempt == 2


def test_the_next_controller_adopts_what_runs(
    product: Product, client: Client, place: Path, running: tuple[Task, Container]
) -> None:
    task, container = running
    pid = shim_pid(product, container.id)
    before = client.container(container.id)
    kill_controller(product)
    client.ensure_controller()
    adopted = client.events(types=("controller.started",))[-1]
    assert adopted.data["adopted"] == [container.id]
    assert "adopts 1 containers" in adopted.message
    seen = product.json("reconciler", "run")
    assert (seen["complete"], seen["live"], seen["orphans"]) == (True, 1, [])
    assert shim_pid(product, container.id) == pid
    assert client.container(container.id).slot == before.slot
    assert_goes_on(client, place, task)


def forget(product: Product, task: Task, container: Container) -> None:
    """Make an orphan: what a store that was put back from an old backup knows nothing of."""
    kill_controller(product)
    db = sqlite3.connect(product.paths.database, timeout=60)
    with db:
        for table in ("sessions", "heartbeats", "attempts"):
            column = "task_id" if table == "attempts" else "container_id"
            key = task.id if table == "attempts" else container.id
            db.execute(f"DELETE FROM {table} WHERE {column} = ?", (key,))
        db.execute("DELETE FROM containers WHERE id = ?", (container.id,))
        db.execute("DELETE FROM tasks WHERE id = ?", (task.id,))
    db.close()


@pytest.mark.long
def test_an_orphan_is_told_of_at_once_and_left_alone(
    product: Product, client: Client, place: Path, tmp_path: Path, running: tuple[Task, Container]
) -> None:
    task, container = running
    pid = shim_pid(product, container.id)
    forget(product, task, container)
    configure(tmp_path, "[health]\norphan_grace_s = 0\n")
    assert product.json("reconciler", "run")["orphans"] == [container.id]
    for _ in range(2):
        seen = product.json("reconciler", "run")
        assert (seen["orphans"], seen["terminated"]) == ([container.id], [])
    assert types_of(client, types=("container.orphan_found",)) == ["container.orphan_found"]
    assert event(client, "container.orphan_found").level == "error"
    stored = client.container(container.id)
    assert (stored.state, stored.reason) == (
        ContainerState.ORPHANED,
        "it runs, but nothing is known of it",
    )
    assert process_is_there(pid)
    # Its end is noticed as any other's.
    (place / "go").touch()
    wait_until(lambda: client.container(container.id).state is ContainerState.STOPPED, 20)
    assert client.container(container.id).exit_code == 7


def test_an_orphan_is_ended_after_its_grace_where_that_is_configured(
    product: Product, client: Client, place: Path, tmp_path: Path, running: tuple[Task, Container]
) -> None:
    task, container = running
    pid = shim_pid(product, container.id)
    (place / "kept").write_text("work")
    forget(product, task, container)
    configure(tmp_path, "[health]\norphan_grace_s = 100\nterminate_orphans = true\n")
    first = product.json("reconciler", "run")
    assert (first["orphans"], first["terminated"]) == ([container.id], [])
    assert process_is_there(pid)
    # A grace that is over by itself may be over before the first round on a busy machine.
    with closing(sqlite3.connect(product.paths.database, timeout=60)) as db, db:
        db.execute("UPDATE containers SET created_at = created_at - 101 WHERE id = ?", (container.id,))
    assert product.json("reconciler", "run")["terminated"] == [container.id]
    wait_until(lambda: not process_is_there(pid), 10)
    told = event(client, "container.terminated", container_id=container.id)
    assert told.message.startswith("it was an orphan for ")
    assert client.container(container.id).reason == told.message
    assert client.containers(tuple(CONTAINER_LIVE)) == []
    assert (place / "kept").read_text() == "work"


def test_an_orphan_can_be_ended_by_hand(
    product: Product, client: Client, running: tuple[Task, Container]
) -> None:
    task, container = running
    pid = shim_pid(product, container.id)
    forget(product, task, container)
    product.json("reconciler", "run")
    product.json("container", "terminate", container.id, "--yes")
    wait_until(lambda: client.container(container.id).state is ContainerState.TERMINATED, 20)
    assert client.container(container.id).reason == "terminated by the user"
    wait_until(lambda: not process_is_there(pid), 20)


def test_a_stray_directory_is_no_container(product: Product, client: Client) -> None:
    client.ensure_controller()
    (product.paths.containers / "lost+found").mkdir()
    (product.paths.containers / "notes.txt").write_text("mine")
    seen = product.json("reconciler", "run")
    assert (seen["complete"], seen["orphans"]) == (True, [])
    assert client.containers() == []
    assert (product.paths.containers / "notes.txt").read_text() == "mine"
