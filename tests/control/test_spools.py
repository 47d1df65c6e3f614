"""What containers write, damaged in every way: each record counts once, and the true end is found."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import ContainerState, TaskState
from tests.support.fleet import (
    RELEASE,
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

ENDS = ("task.completed", "task.failed", "task.cancelled")


@pytest.fixture
def running(client: Client, place: Path) -> Task:
    """A task that works until it is released and ends with 7."""
    task = create(client, f"{RELEASE}; exit 7", place)
    return reach(client, task.id, TaskState.RUNNING)


def spool_of(product: Product, client: Client, task: Task) -> Path:
    """The spool of a task's container."""
    return product.paths.container(container_of(client, task.id).id) / "spool.jsonl"


def append(spool: Path, data: bytes) -> None:
    """Add to a spool as the supervisor does, with one call."""
    descriptor = os.open(spool, os.O_WRONLY | os.O_APPEND)
    try:
        assert os.write(descriptor, data) == len(data)
    finally:
        os.close(descriptor)


def test_a_line_that_cannot_be_read_is_told_once_and_passed_over(
    product: Product, client: Client, place: Path, running: Task
) -> None:
    append(spool_of(product, client, running), b'{"seq": 3, "at"\x00\x1b[31m\xff oops\n')
    told = event(client, "spool.damaged", task_id=running.id)
    assert told.level == "warning"
    assert told.message.startswith("a line of the spool cannot be read: ")
    assert "\x1b" not in told.message
    (place / "go").touch()
    ended = end_of(client, running.id)
    assert (ended.state, ended.exit_code) == (TaskState.FAILED, 7)
    assert types_of(client, types=("spool.damaged",)) == ["spool.damaged"]


def test_a_record_of_a_strange_form_has_no_effect_and_is_told(
    product: Product, client: Client, place: Path, running: Task
) -> None:
    container = container_of(client, running.id)
    records = [
        {"seq": 1001, "at": 1e9, "type": "exited", "exit_code": "none"},
        {"seq": 1002, "at": 1e9, "type": "heartbeat", "uptime_s": -1},
        {"seq": 1003, "at": 1e9, "type": "agent", "report": {"type": "usage", "input_tokens": "many"}},
        {"seq": 1004, "at": 1e9, "type": "of a later version", "all": "is well"},
    ]
    append(
        spool_of(product, client, running), b"".join(json.dumps(each).encode() + b"\n" for each in records)
    )
    wait_until(lambda: len(types_of(client, types=("spool.damaged",))) == 3, 20)
    assert client.container(container.id).state is ContainerState.RUNNING
    assert client.task(running.id).cost_usd is None
    (place / "go").touch()
    assert end_of(client, running.id).exit_code == 7


def test_a_thousand_damaged_lines_are_counted_and_not_all_told(
    product: Product, client: Client, place: Path, running: Task
) -> None:
    append(spool_of(product, client, running), b"damaged\n" * 1000)
    wait_until(lambda: len(types_of(client, types=("spool.damaged",))) == 6, 20)
    last = client.events(types=("spool.damaged",))[-1]
    assert last.message == "995 more lines of the spool cannot be read"
    (place / "go").touch()
    assert end_of(client, running.id).exit_code == 7


@pytest.mark.long
def test_a_spool_that_was_cut_is_read_again_and_counts_nothing_twice(
    product: Product, client: Client, place: Path
) -> None:
    options = {"ask": "always", "pace": 0}
    task = create(client, "join intervals", place, agent="demo", agent_options=options)
    asks = reach(client, task.id, TaskState.WAITING)
    assert asks.input_tokens > 0
    container = container_of(client, task.id)
    wait_until(lambda: client.heartbeats(container.id) != (), 20)
    spool = spool_of(product, client, task)
    size = spool.stat().st_size
    append(spool, b"damaged\n")
    event(client, "spool.damaged", task_id=task.id)
    os.truncate(spool, size)
    client.wake()
    told = event(client, "spool.truncated", task_id=task.id)
    assert told.level == "warning"
    seen = client.task(task.id)
    assert (seen.input_tokens, seen.output_tokens, seen.cost_usd) == (
        asks.input_tokens,
        asks.output_tokens,
        asks.cost_usd,
    )
    assert seen.state is TaskState.WAITING
    assert len(types_of(client, task_id=task.id, types=("container.started",))) == 1
    client.cancel_task(task.id)
    assert end_of(client, task.id).state is TaskState.CANCELLED


@pytest.mark.parametrize("how", ["emptied", "removed", "full of garbage"])
def test_without_its_spool_a_task_still_ends_with_its_true_code(
    product: Product, client: Client, place: Path, running: Task, how: str
) -> None:
    spool = spool_of(product, client, running)
    kill_controller(product)
    if how == "emptied":
        os.truncate(spool, 0)
    elif how == "removed":
        spool.unlink()
    else:
        size = spool.stat().st_size
        os.truncate(spool, 0)
        append(spool, b"\xff" * size)
    (place / "go").touch()
    client.ensure_controller()
    ended = end_of(client, running.id)
    assert (ended.state, ended.exit_code, ended.reason) == (TaskState.FAILED, 7, "exit code 7")
    assert types_of(client, task_id=running.id, types=ENDS) == ["task.failed"]


def test_a_damaged_exit_record_fails_the_task_and_is_not_tried_again(
    product: Product, client: Client, place: Path, running: Task
) -> None:
    run = spool_of(product, client, running).parent
    kill_controller(product)
    (place / "go").touch()
    wait_until(lambda: '"exited"' in (run / "spool.jsonl").read_text(), 20)
    (run / "exit.json").write_text("{")
    client.ensure_controller()
    # The spool has it too.
    assert end_of(client, running.id).exit_code == 7
    assert types_of(client, task_id=running.id, types=ENDS) == ["task.failed"]
