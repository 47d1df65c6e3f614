"""Going on with what has ended: by task, by directory, after a move, after a failure."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import container_of, create, end_of, reach
from tests.support.product import Product
from tests.support.waiting import quiet_since, wait_until

pytestmark = pytest.mark.real

DEMO: dict[str, Any] = {"agent": "demo", "agent_options": {"seed": 5, "pace": 0, "turns": 3}}
DAY_OF_BEATS = 8_640
TALK = "home/.parhelia-demo/talk.jsonl"


def ended(client: Client, place: Path, prompt: str = "add a parser", **fields: Any) -> str:
    """Let the demo agent do a task to its end and keep a checkpoint of it, and give the task's id."""
    task = create(client, prompt, place, **{**DEMO, **fields})
    end_of(client, task.id)
    wait_until(lambda: client.checkpoints.newest(client.task(task.id)) is not None, 30)
    return task.id


def newest_of(client: Client, task_id: str) -> Checkpoint:
    """The newest checkpoint of a task, which has one."""
    found = client.checkpoints.newest(client.task(task_id))
    assert found is not None
    return found


def talk_of(client: Client, task_id: str) -> bytes:
    """What the talk of a task's newest container holds."""
    path = client.paths.container(container_of(client, task_id).id) / TALK
    return path.read_bytes()


def test_it_goes_on_with_its_talk_its_files_and_its_variables_in_the_same_slot(
    product: Product, client: Client, place: Path
) -> None:
    task_id = ended(client, place, env={"MINE": "kept"})
    first, talk = container_of(client, task_id), talk_of(client, task_id)
    assert talk
    made = {path.name: path.read_bytes() for path in place.rglob("*.py")}
    for each in place.rglob("*.py"):
        each.unlink()
    # Half a year passes, and its container has been cleaned away.
    with sqlite3.connect(client.paths.database) as db:
        db.execute("UPDATE checkpoints SET created_at = created_at - 180 * 86400")
    assert first.id in product.json("cleanup", "--yes")["removed"]
    said = product.run("resume", task_id, "--yes").stdout
    assert "180d old, in a new container" in said
    end_of(client, task_id)
    second = container_of(client, task_id)
    assert (second.id != first.id, second.slot, client.task(task_id).attempt) == (True, first.slot, 2)
    # All that was said before stands before what is said now.
    assert talk_of(client, task_id).startswith(talk)
    assert client.task(task_id).env == {"MINE": "kept"}
    assert made
    assert {path.name for path in place.rglob("*.py")} >= set(made)
    assert [each.number for each in client.attempts(task_id)] == [1, 2]


@pytest.mark.long
def test_without_a_name_the_newest_task_of_the_directory_goes_on(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    ended(client, place, "the older one")
    newest = ended(client, place, "the newer one")
    ended(client, other, "of another directory")
    assert product.json("resume", "--workspace", str(place), "--yes")["id"] == newest
    end_of(client, newest)
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = product.run("resume", "--workspace", str(empty))
    assert "E201" in refused.stderr
    assert "parhelia task list" in refused.stderr


@pytest.mark.long
def test_after_its_directory_was_moved_it_goes_on_at_the_new_place(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    task_id = ended(client, place)
    talk = talk_of(client, task_id)
    moved = tmp_path / "moved"
    place.rename(moved)
    product.json("resume", task_id, "--workspace", str(moved), "--yes")
    end_of(client, task_id)
    assert client.task(task_id).workspace == str(moved)
    assert container_of(client, task_id).workspace == str(moved)
    assert talk_of(client, task_id).startswith(talk)
    assert not place.exists()
    # Its next checkpoints are of the new place.
    assert product.json("checkpoint", "create", task_id)["workspace"] == str(moved)


def test_what_has_failed_can_be_looked_at_and_goes_on(product: Product, client: Client, place: Path) -> None:
    task_id = ended(client, place, agent_options={"seed": 5, "pace": 0, "fail": True})
    assert client.task(task_id).state is TaskState.FAILED
    left = {path.name for path in place.iterdir()}
    product.json("resume", task_id, "--keep-workspace", "--yes")
    reach(client, task_id, TaskState.FAILED)
    assert left <= {path.name for path in place.iterdir()}
    assert client.task(task_id).attempt == 2


@pytest.mark.long
def test_what_it_was_and_how_it_goes_on_is_shown_by_its_name_or_for_the_directory(
    product: Product, client: Client, place: Path
) -> None:
    ended(client, place, "the older one")
    task_id = ended(client, place, "the newer one")
    page = product.run("task", "show", cwd=place).stdout
    assert page.startswith(f"{task_id}  the newer one\n")
    kept = product.json("checkpoint", "list", "--fields", "id,task_id,files,bytes")[0]
    assert kept["task_id"] == task_id
    for shown in (
        f"{task_id}  the newer one",
        f"workspace   {place} (shared)",
        f"kept        {kept['id']}, {kept['bytes'] / 1000:.0f} kB in {kept['files']} files, ",
        f"; parhelia resume {task_id} goes on from it",
    ):
        assert shown in page, page
    assert product.json("task", "show", cwd=place)["checkpoint"]["id"] == kept["id"]
    refused = product.run("task", "show")
    assert (refused.returncode, "no task works on this directory" in refused.stderr) == (1, True)


@pytest.mark.long
def test_each_state_of_a_talk_can_be_gone_on_from_later(
    product: Product, client: Client, place: Path
) -> None:
    task_id = ended(client, place)
    first, talk = newest_of(client, task_id), talk_of(client, task_id)

    def noted() -> Path:
        return client.paths.container(container_of(client, task_id).id) / "home/.parhelia-demo/noted"

    product.json("resume", task_id, "--yes")
    end_of(client, task_id)
    noted().write_text("what was changed after it went on")
    second = product.json("checkpoint", "create", task_id)["id"]
    for kept, changed in ((first.id, False), (second, True)):
        product.json("resume", task_id, "--from", kept, "--yes")
        end_of(client, task_id)
        assert talk_of(client, task_id).startswith(talk)
        assert noted().exists() is changed


def test_a_container_that_somebody_deleted_is_made_again_and_its_agent_goes_on(
    product: Product, client: Client, place: Path
) -> None:
    task_id = ended(client, place)
    talk, first = talk_of(client, task_id), container_of(client, task_id)
    shutil.rmtree(client.paths.container(first.id))
    product.json("resume", task_id, "--yes")
    end_of(client, task_id)
    assert container_of(client, task_id).id != first.id
    assert talk_of(client, task_id).startswith(talk)


@pytest.mark.long
def test_what_ctrl_c_ends_is_kept_and_goes_on(product: Product, client: Client, place: Path) -> None:
    request = {**DEMO, "prompt": "add a parser", "workspace": str(place)}
    request["agent_options"] = {**DEMO["agent_options"], "pace": 1}
    batch = product.start("--batch", "-", input=json.dumps(request) + "\n")
    wait_until(lambda: product.json("task", "list", "--state", "running"), 30)
    (task,) = product.json("task", "list")
    talk = client.paths.container(task["container_id"]) / TALK
    wait_until(lambda: talk.exists() and talk.stat().st_size, 30)
    batch.send_signal(signal.SIGINT)
    assert batch.wait(60) == 130
    assert client.task(task["id"]).state is TaskState.CANCELLED
    wait_until(lambda: client.checkpoints.newest(client.task(task["id"])) is not None, 30)
    said = talk.read_bytes()
    product.json("resume", task["id"], "--yes")
    assert end_of(client, task["id"], 60).state is TaskState.COMPLETED
    assert talk_of(client, task["id"]).startswith(said)


@pytest.mark.long
def test_a_talk_of_a_hundred_megabytes_is_there_again_within_ten_seconds(
    product: Product, client: Client, place: Path
) -> None:
    task_id = ended(client, place)
    large = "home/.parhelia-demo/attachment"
    noise = os.urandom(1_000_000)
    with (client.paths.container(container_of(client, task_id).id) / large).open("wb") as file:
        for number in range(100):
            file.write(number.to_bytes(4, "big") + noise)
    product.json("checkpoint", "create", task_id)
    begun = time.monotonic()
    product.json("resume", task_id, "--yes")
    reach(client, task_id, TaskState.RUNNING, TaskState.COMPLETED)
    assert quiet_since(begun) < 10
    end_of(client, task_id)
    assert (client.paths.container(container_of(client, task_id).id) / large).stat().st_size == 100_000_400


@pytest.mark.long
def test_a_checkpoint_that_is_damaged_is_told_of_and_left_as_it_is(
    product: Product, client: Client, place: Path
) -> None:
    task_id = ended(client, place)
    packs = [path for path in (client.paths.checkpoints / "packs").rglob("*") if path.is_file()]
    assert packs
    for path in packs:
        data = bytearray(path.read_bytes())
        data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
        path.write_bytes(data)
    before = {path: path.read_bytes() for path in packs}
    files = {path.name: path.read_bytes() for path in place.rglob("*.py")}
    product.json("resume", task_id, "--yes")
    task = end_of(client, task_id)
    assert task.state is TaskState.FAILED
    assert "E600: the checkpoint store is damaged" in task.reason
    assert {path: path.read_bytes() for path in packs} == before
    assert {path.name: path.read_bytes() for path in place.rglob("*.py")} == files
    # It can begin anew all the same.
    product.json("task", "retry", task_id)
    assert reach(client, task_id, TaskState.COMPLETED, TaskState.FAILED).state is TaskState.COMPLETED


def test_what_is_not_known_is_told_with_the_way_to_what_is(product: Product, place: Path) -> None:
    refused = product.run("resume", "no-such-task")
    assert "E201" in refused.stderr
    assert "parhelia task list" in refused.stderr


@pytest.mark.long
def test_an_agent_that_has_waited_for_a_day_goes_on_is_kept_and_cleaned_up(
    product: Product, client: Client, place: Path
) -> None:
    """A day is what it leaves in the store: times and 8,640 heartbeats; its processes are those of now."""
    waits = {**DEMO, "agent_options": {**DEMO["agent_options"], "ask": "always"}}
    task = create(client, "add a parser", place, **waits)
    reach(client, task.id, TaskState.WAITING)
    first = container_of(client, task.id)
    product.json("controller", "stop")
    with sqlite3.connect(client.paths.database) as db:
        for table, columns in (
            ("tasks", ("created_at", "started_at")),
            ("attempts", ("started_at",)),
            ("containers", ("created_at", "started_at")),
            ("sessions", ("created_at",)),
        ):
            db.execute(f"UPDATE {table} SET {', '.join(f'{each} = {each} - 86400' for each in columns)}")
        db.executemany(
            "INSERT INTO heartbeats (container_id, seq, at, uptime_s) VALUES (?, ?, ?, ?)",
            [
                (
                    first.id,
                    number - DAY_OF_BEATS,
                    first.created_at - 10.0 * (DAY_OF_BEATS - number),
                    10.0 * number,
                )
                for number in range(DAY_OF_BEATS)
            ],
        )
    db.close()
    product.json("controller", "start")
    product.json("session", "send", task.id, "y")
    assert end_of(client, task.id).state is TaskState.COMPLETED
    assert container_of(client, task.id).id == first.id
    wait_until(lambda: client.checkpoints.newest(client.task(task.id)) is not None, 30)
    (session,) = product.json("session", "list", "--all")
    assert session["finished_at"] - session["created_at"] > 86_000
    assert first.id in product.json("cleanup", "--yes")["removed"]
    assert not client.paths.container(first.id).exists()
    product.json("resume", task.id, "--yes")
    reach(client, task.id, TaskState.WAITING, TaskState.COMPLETED)
