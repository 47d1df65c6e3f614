"""Going on with what has ended: by task, by directory, after a move, after a failure."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import container_of, create, end_of, reach
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

DEMO: dict[str, Any] = {"agent": "demo", "agent_options": {"seed": 5, "pace": 0, "turns": 3}}
TALK = "home/.parhelia-demo/talk.jsonl"


def ended(client: Client, place: Path, prompt: str = "add a parser", **fields: Any) -> str:
    """Let the demo agent do a task to its end and keep a checkpoint of it, and give the task's id."""
    task = create(client, prompt, place, **{**DEMO, **fields})
    end_of(client, task.id)
    wait_until(lambda: client.checkpoints.newest(client.task(task.id)) is not None, 30)
    return task.id


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


def test_what_is_not_known_is_told_with_the_way_to_what_is(product: Product, place: Path) -> None:
    refused = product.run("resume", "no-such-task")
    assert "E201" in refused.stderr
    assert "parhelia task list" in refused.stderr
