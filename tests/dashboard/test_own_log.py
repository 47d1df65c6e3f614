"""What libraries say while the dashboard is open stands in a file, and never on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import create, reach
from tests.support.product import Product
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

DEADLINE_S = 30.0
TALKS = """
import logging, sys, threading, time, warnings
from parhelia_tui.app import run

class Dies:
    def __del__(self):
        raise ValueError("marked by what cannot be raised")

def fails():
    raise ValueError("marked by a thread")

def talk():
    for number in range(10_000):
        logging.getLogger("asyncio").warning("marked by a log %d", number)
        warnings.warn(f"marked by a warning {number}")
        Dies()
        threading.Thread(target=fails).start()
        time.sleep(0.1)

threading.Thread(target=talk, daemon=True).start()
code = run()
print("left with", code, flush=True)
input()
"""


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[TmuxServer]:
    server = TmuxServer(tmp_path)
    yield server
    server.close()


def test_it_goes_to_a_file_of_the_dashboard_also_while_somebody_is_attached(
    product: Product, client: Client, tmux: TmuxServer, place: Path
) -> None:
    task = create(client, "echo it is heard; cat", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    file = client.paths.logs / "dashboard.log"

    def said() -> list[str]:
        lines = [json.loads(each) for each in file.read_text().splitlines()] if file.exists() else []
        return [f"{line['message']} {line.get('trace', '')}" for line in lines]

    def all_said_again() -> None:
        before = len(said())
        marks = [f"marked by {by}" for by in ("a log", "a warning", "what cannot be raised", "a thread")]
        wait_until(lambda: all(mark in "\n".join(said()[before:]) for mark in marks), DEADLINE_S)

    tmux.start(TALKS, columns=120, rows=36)
    wait_until(lambda: "q quit" in tmux.screen(), DEADLINE_S)
    all_said_again()
    assert "marked" not in tmux.screen()
    tmux.type("Enter")
    wait_until(lambda: "Ctrl+Q leaves" in tmux.screen(), DEADLINE_S)
    all_said_again()
    assert "marked" not in tmux.screen()
    tmux.type("C-q")
    wait_until(lambda: "q quit" in tmux.screen(), DEADLINE_S)
    tmux.type("q")
    wait_until(lambda: "left with 0" in tmux.screen(), DEADLINE_S)
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0
