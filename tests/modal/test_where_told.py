"""What the commands say of work elsewhere: where it is, that it is being cancelled, and that it will be ended."""

from __future__ import annotations

import os
import signal

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import end_of, halt_controller, reach
from tests.support.product import Product

pytestmark = pytest.mark.real

WAIT_S = 120.0
SHELL = ("--agent", "shell", "--mode", "empty")
MODAL = (*SHELL, "--backend", "modal")


def row(text: str, begins: str) -> str:
    """The line of a table that begins so, with single spaces."""
    (found,) = (line for line in text.splitlines() if line.startswith(begins))
    return " ".join(found.split())


def test_where_work_is_and_that_it_is_being_cancelled(cloud: Product) -> None:
    client = Client(cloud.paths)
    here = str(cloud.json("task", "create", *SHELL, "true")["id"])
    end_of(client, here, WAIT_S)
    assert "WHERE" not in cloud.run("task", "list").stdout
    there = str(cloud.json("task", "create", *MODAL, "sleep 600")["id"])
    reach(client, there, TaskState.RUNNING, deadline_s=WAIT_S)
    assert row(cloud.run("status").stdout, "backend") == "backend local, 1 at modal"
    assert cloud.json("status")["containers"] == {"modal": 1}
    listed = cloud.run("task", "list").stdout
    assert row(listed, there).startswith(f"{there} sleep 600 ● running modal shell")
    assert row(listed, here).startswith(f"{here} true ✓ completed local shell")
    pid = halt_controller(cloud)
    try:
        cloud.run("task", "cancel", there)
        said = "● running, is being cancelled"
        assert said in row(cloud.run("task", "list").stdout, there)
        assert row(cloud.run("task", "show", there).stdout, "state") == f"state {said}"
    finally:
        os.kill(pid, signal.SIGCONT)
    end_of(client, there, WAIT_S)
    assert "is being cancelled" not in cloud.run("task", "list").stdout
    assert row(cloud.run("status").stdout, "backend") == "backend local"


def test_a_command_that_is_ended_before_its_timeout_is_warned_of(cloud: Product) -> None:
    told = cloud.run("task", "create", *MODAL, "--timeout", "48h", "true")
    assert told.stderr == (
        f"{told.stdout.split()[0]} is ended after 23h: a sandbox at Modal lives no longer, and only an agent that"
        " keeps its talk goes on in another one (parhelia help modal)\n"
    )
    run = cloud.run(
        "run", "--backend", "modal", "--mode", "empty", "--timeout", "48h", "exit 3", timeout=WAIT_S
    )
    assert (run.returncode, "is ended after 23h" in run.stderr) == (3, True)
    # Nothing is said of what has its time, goes on elsewhere, or is here.
    assert cloud.run("task", "create", *MODAL, "--timeout", "4h", "true").stderr == ""
    assert cloud.run("task", "create", *MODAL[2:], "--agent", "demo", "--timeout", "48h", "true").stderr == ""
    assert cloud.run("task", "create", *SHELL, "--timeout", "48h", "true").stderr == ""
