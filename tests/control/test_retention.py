"""What is let go of when it is old, and what never is."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import containers, events, intents, ledger, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.fleet import (
    RELEASE,
    configure,
    container_of,
    create,
    end_of,
    event,
    kill_controller,
    reach,
    types_of,
)
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

DAY_S = 86400.0


def run_of(product: Product, client: Client, task: Task) -> Path:
    """The run directory of a task's container."""
    return product.paths.container(container_of(client, task.id).id)


def again_with(product: Product, client: Client, tmp_path: Path, text: str) -> None:
    """Start the controller anew with another configuration; it lets go of what is old at its start."""
    kill_controller(product)
    configure(tmp_path, text)
    client.ensure_controller()


def test_run_directories_beyond_the_newest_go_and_all_else_stays(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    (place / "mine").write_text("mine")
    prompt = "echo done > $PARHELIA_TASK_ID; echo kept > own"
    clone = create(client, prompt, place, workspace_mode="clone")
    empty = create(client, prompt, None, workspace_mode="empty")
    # The newer go first.
    persistent = create(client, prompt, place, persistent=True)
    ended = [end_of(client, task.id) for task in (persistent, clone, empty)]
    newest = end_of(client, create(client, prompt, place).id)
    assert [(task.exit_code, task.reason) for task in (*ended, newest)] == [(0, "exit code 0")] * 4
    again_with(product, client, tmp_path, "[retention]\nended_containers = 1\n")
    wait_until(lambda: not any(run_of(product, client, task).exists() for task in (clone, empty)), 20)
    wait_until(lambda: len(types_of(client, types=("container.removed",))) == 2, 20)
    assert run_of(product, client, newest).is_dir()
    assert run_of(product, client, persistent).is_dir()
    assert event(client, "container.removed").message == "its run directory was removed; its workspace stays"
    assert {entry.name for entry in place.iterdir()} == {"mine", "own", persistent.id, newest.id}
    for task in (clone, empty):
        assert (product.paths.workspaces / task.id / "own").read_text() == "kept\n"
        assert client.task(task.id).exit_code == 0
        assert client.attempts(task.id)[0].exit_code == 0
        assert client.log_tail(task.id) == []


def test_what_is_older_than_its_time_goes_and_the_ledger_never(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    task = end_of(client, create(client, "true", place).id)
    container = container_of(client, task.id)
    kill_controller(product)
    now = time.time()
    db = open_migrated(product.paths.database)
    with writing(db) as tx:
        for age_days, name in ((31.0, "old"), (29.0, "young")):
            at = now - age_days * DAY_S
            events.append(tx, "note", name, at=at)
            intents.handle(tx, intents.add(tx, "reconcile", name, {}, at).id, "done", {}, at)
        for age_h, seq in ((25.0, 1001), (23.0, 1002)):
            beat = {"seq": seq, "at": now - age_h * 3600, "uptime_s": 1.0}
            containers.add_heartbeats(tx, container.id, [beat])
        stored = tasks.get(tx, task.id)
        ledger.add(
            tx,
            stored,
            container_id=container.id,
            spool_seq=1,
            at=now - 400 * DAY_S,
            model="m",
            input_tokens=1,
            output_tokens=2,
            cost_usd=3.0,
        )
    client.ensure_controller()
    wait_until(lambda: len(types_of(client, types=("retention.removed",))) == 3, 20)
    assert [each.message for each in client.events(types=("note",))] == ["young"]
    assert db.execute("SELECT target FROM intents").fetchall()[0][0] == "young"
    assert db.execute("SELECT seq FROM heartbeats WHERE seq > 1000").fetchall()[0][0] == 1002
    assert client.spent().usd == 3.0
    why = [each.message for each in client.events(types=("retention.removed",))]
    assert why == [
        "1 heartbeats older than 24 hours were removed",
        "1 events older than 720 hours were removed",
        "1 answered requests older than 720 hours were removed",
    ]
    db.close()


def test_one_that_cannot_be_removed_keeps_none_of_the_others(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    old, newer = (end_of(client, create(client, "true", place).id) for _ in range(2))
    # As where its supervisor still goes through its last steps.
    held = os.open(run_of(product, client, newer) / "shim.lock", os.O_RDWR)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        again_with(product, client, tmp_path, "[retention]\nended_containers = 0\n")
        wait_until(lambda: not run_of(product, client, old).exists(), 20)
        assert run_of(product, client, newer).is_dir()
    finally:
        os.close(held)
    kill_controller(product)
    client.ensure_controller()
    wait_until(lambda: not run_of(product, client, newer).exists(), 20)


def test_cleanup_removes_only_what_ended_and_says_what_it_keeps(
    product: Product, client: Client, place: Path
) -> None:
    runs = create(client, RELEASE, place)
    reach(client, runs.id, TaskState.RUNNING)
    persistent = end_of(client, create(client, "true", place, persistent=True).id)
    clone = end_of(client, create(client, "echo own > own", place, workspace_mode="clone").id)
    (product.paths.containers / "c-00000000").mkdir()
    kept = {
        container_of(client, runs.id).id: "it runs",
        container_of(client, persistent.id).id: "it is persistent",
        "c-00000000": "nothing is known of it",
    }
    gone = [container_of(client, clone.id).id]
    assert product.json("cleanup", "--dry-run") == {"removed": gone, "kept": kept}
    assert run_of(product, client, clone).is_dir()
    assert product.json("cleanup", "--yes") == {"removed": gone, "kept": kept}
    assert not run_of(product, client, clone).exists()
    assert (product.paths.workspaces / clone.id / "own").read_text() == "own\n"
    (place / "go").touch()
    assert end_of(client, runs.id).exit_code == 0


def test_a_request_that_cannot_be_understood_is_refused_and_not_tried_for_ever(
    product: Product, client: Client, place: Path
) -> None:
    task = create(client, RELEASE, place)
    reach(client, task.id, TaskState.RUNNING)
    db = open_migrated(product.paths.database)
    with writing(db) as tx:
        strange = [
            intents.add(tx, "session.create", container_of(client, task.id).id, {"command": 5}, time.time()),
            intents.add(tx, "of a later version", "", {}, time.time()),
            intents.add(tx, "session.kill", "s-00000000", {}, time.time()),
        ]
    client.wake()
    wait_until(lambda: intents.pending(db) == [], 20)
    answers = [intents.get(db, each.id) for each in strange]
    assert [(each.state, each.result["code"]) for each in answers] == [
        ("refused", "E900"),
        ("refused", "E101"),
        ("refused", "E200"),
    ]
    db.close()
    (place / "go").touch()
    assert end_of(client, task.id).exit_code == 0
