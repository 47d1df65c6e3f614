"""Whoever is killed, the agent goes on if it can, and the ledger holds what the API served."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.meter.book import open_book
from parhelia_tui.core.shim.pid_file import read as processes_of
from parhelia_tui.core.shim.processes import children
from tests.egress.conftest import ASK, Fleet
from tests.egress.upstream import Talk, start, stop
from tests.support.product import Product
from tests.support.waiting import process_is_there, wait_until

pytestmark = pytest.mark.real


def _egress_of(fleet: Fleet) -> int:
    """The pid of the egress process of the one container, once there is one."""
    (run,) = fleet.product.paths.containers.iterdir()
    found: list[int] = []

    def look() -> bool:
        shim = processes_of(str(run))["shim"]
        found[:] = [pid for pid in children(shim) if b"core.egress" in _command(pid)]
        return len(found) == 1

    wait_until(look, 30)
    return found[0]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.long
def test_a_killed_egress_process_is_started_again_and_connections_wait(fleet: Fleet) -> None:
    gate = fleet.workspace / "go"
    os.mkfifo(gate)
    running_one = fleet.product.start(
        *("run", "--network", "api", "--workspace", str(fleet.workspace), "--"),
        *("sh", "-c", 'python3 -I -c "$1"; cat go; python3 -I -c "$1"', "sh", ASK),
        env=fleet.env,
    )
    wait_until(lambda: len(fleet.api.seen) == 1, 60)
    with gate.open("w") as go:
        pid = _egress_of(fleet)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not process_is_there(pid), 30)
        go.write("went\n")
    out, errors = running_one.communicate(timeout=120)
    assert out.splitlines() == ["200 523", "went", "200 523"], (out, errors)
    told = fleet.json("events", "list", "--type", "egress.problem")
    assert "started again" in told[0]["message"]


@pytest.mark.parametrize("who", ["shim", "controller", "egress"])
def test_whoever_is_killed_the_ledger_holds_what_the_api_served(
    product: Product, fleet: Fleet, who: str
) -> None:
    go = threading.Event()

    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(start())
        go.wait(60)
        talk.chunk(stop(77))
        talk.end_stream()

    fleet.api.script = script
    task = fleet.json(
        *("task", "create", "--network", "api", "--workspace", str(fleet.workspace)),
        f"python3 -I -c '{ASK}' 1; python3 -I -c '{ASK}' 1",
    )
    wait_until(lambda: len(fleet.api.seen) == 1, 60)
    egress = _egress_of(fleet)
    book = open_book(product.home / "meter.db")
    wait_until(lambda: book.execute("SELECT 1 FROM entries WHERE input_tokens = 1000").fetchone(), 30)
    if who == "controller":
        pid = json.loads(product.run("controller", "status", "--json").stdout)["data"]["pid"]
    else:
        (run,) = product.paths.containers.iterdir()
        pid = egress if who == "egress" else processes_of(str(run))["shim"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not process_is_there(pid), 30)
    go.set()
    client = Client(product.paths)
    product.run("controller", "start", env=fleet.env)

    def settled() -> bool:
        open_ones = book.execute("SELECT count(*) FROM entries WHERE state = 'reserved'").fetchone()[0]
        return not open_ones and client.task(task["id"]).state in ("completed", "failed")

    wait_until(settled, 60)
    served = len(fleet.api.seen)
    rows = book.execute("SELECT state, input_tokens, output_tokens FROM entries").fetchall()
    cost = book.execute("SELECT sum(cost_nano) FROM entries").fetchone()[0]
    book.close()
    assert len(rows) == served
    assert {row["input_tokens"] for row in rows} == {1000}
    if who != "egress":
        assert {(row["state"], row["output_tokens"]) for row in rows} == {("settled", 77)}
    wait_until(lambda: client.task(task["id"]).input_tokens == 1000 * served, 60)
    assert client.task(task["id"]).cost_usd == pytest.approx(cost / 1e9)
    client.close()
