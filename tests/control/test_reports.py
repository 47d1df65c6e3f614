"""What an agent reports of money and state: a claim that is priced, shown, and never acts."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.meter.prices import Usage, price
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import SessionState, TaskState
from parhelia_tui.core.shim.processes import stat_fields
from tests.support.fleet import RELEASE, container_of, create, end_of, event, reach, shim_pid, types_of
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


LAST_WORD = """
import json, os, socket
to = socket.socket(socket.AF_UNIX)
to.connect(os.environ["PARHELIA_AGENT_SOCKET"])
usage = {"type": "usage", "model": "m", "input_tokens": 1, "output_tokens": 7, "cost_usd": 0.5}
to.sendall(json.dumps(usage).encode() + b"\\n")
os._exit(0)
"""


@pytest.fixture
def running(client: Client, place: Path) -> Task:
    """A task that works until it is released."""
    task = create(client, f"{RELEASE}; exit 7", place)
    return reach(client, task.id, TaskState.RUNNING)


def report(product: Product, client: Client, task: Task, seq: int, **fields: Any) -> None:
    """Write a report into a spool, as the supervisor does with one that has the form."""
    reports(product, client, task, seq, [fields])


def reports(
    product: Product, client: Client, task: Task, seq: int, several: Sequence[dict[str, Any]]
) -> None:
    """Write reports into a spool at once, numbered from `seq` on."""
    spool = product.paths.container(container_of(client, task.id).id) / "spool.jsonl"
    lines = [
        json.dumps({"seq": number, "at": time.time(), "type": "agent", "report": fields}) + "\n"
        for number, fields in enumerate(several, seq)
    ]
    descriptor = os.open(spool, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, "".join(lines).encode())
    os.close(descriptor)
    client.wake()


def test_tokens_without_a_price_are_priced_and_an_unknown_model_is_never_cheap(
    product: Product, client: Client, place: Path, running: Task
) -> None:
    usage = {"type": "usage", "input_tokens": 1_000_000, "output_tokens": 10, "cost_usd": None}
    report(product, client, running, 1001, model="claude-sonnet-5", **usage)
    wait_until(lambda: client.task(running.id).input_tokens == 1_000_000, 20)
    known = float(price("claude-sonnet-5", Usage(1_000_000, 10)).usd)
    assert client.task(running.id).cost_usd == pytest.approx(known)
    report(product, client, running, 1002, model="nobody-knows-it", **usage)
    wait_until(lambda: client.task(running.id).input_tokens == 2_000_000, 20)
    dearest = float(price("nobody-knows-it", Usage(1_000_000, 10)).usd)
    assert dearest > known
    assert client.task(running.id).cost_usd == pytest.approx(known + dearest)
    assert client.spent().usd == pytest.approx(known + dearest)
    (place / "go").touch()
    assert end_of(client, running.id).cost_usd == pytest.approx(known + dearest)


def test_an_agent_that_says_it_is_done_ends_nothing(
    product: Product, client: Client, place: Path, running: Task
) -> None:
    report(product, client, running, 1001, type="state", state="waiting", message="red\x1b[31m or blue?")
    assert reach(client, running.id, TaskState.WAITING).question == "red or blue?"
    report(product, client, running, 1002, type="state", state="done", message="all is well")
    event(client, "agent.done", task_id=running.id)
    seen = client.task(running.id)
    assert (seen.state, seen.question, seen.exit_code) == (TaskState.RUNNING, "", None)
    (place / "go").touch()
    assert end_of(client, running.id).exit_code == 7


def test_an_agent_that_never_keeps_still_is_shown_and_does_not_fill_the_history(
    product: Product, client: Client, place: Path, running: Task
) -> None:
    turns = [
        {"type": "state", "state": state, "message": f"{state} {number}"}
        for number in range(1000)
        for state in ("waiting", "working")
    ]
    reports(
        product, client, running, 1001, [*turns, {"type": "state", "state": "waiting", "message": "red?"}]
    )
    assert reach(client, running.id, TaskState.WAITING).question == "red?"
    container = container_of(client, running.id)
    told = event(client, "agent.too_many", container_id=container.id)
    assert (told.level, "for 1 h" in told.message) == ("warning", True)
    # What the agent does not claim is told as before, and another reading begins no new count.
    report(product, client, running, 9001, type="state", state="working", message="on")
    (place / "go").touch()
    assert end_of(client, running.id).exit_code == 7
    events = client.events(container_id=container.id, limit=5000)
    assert [each.type for each in events].count("agent.too_many") == 1
    assert 600 <= len(events) <= 620
    assert "task.failed" in [each.type for each in client.events(task_id=running.id, limit=5000)]


def test_a_terminal_server_that_died_is_told_of_and_replaced(
    product: Product, client: Client, place: Path, running: Task
) -> None:
    container = container_of(client, running.id)
    server = int(stat_fields(shim_pid(product, container.id))[1])
    os.kill(server, signal.SIGKILL)
    lost = event(client, "session.terminal_lost", container_id=container.id)
    restored = event(client, "session.terminal_restored", container_id=container.id)
    assert (lost.level, restored.level) == ("warning", "warning")
    assert "the work goes on" in lost.message
    assert "the work went on" in restored.message
    assert [each.state for each in client.sessions()] == [SessionState.RUNNING]
    (place / "go").touch()
    assert end_of(client, running.id).exit_code == 7
    assert types_of(client, types=("session.terminal_restored",)) == ["session.terminal_restored"]


def test_the_last_report_of_a_program_that_ends_at_once_is_not_lost(
    product: Product, client: Client, place: Path
) -> None:
    (place / "report.py").write_text(LAST_WORD)
    made = [create(client, "exec python3 -I -S report.py", place) for _ in range(20)]
    for task in made:
        assert end_of(client, task.id, 60).state is TaskState.COMPLETED
        assert client.task(task.id).output_tokens == 7
