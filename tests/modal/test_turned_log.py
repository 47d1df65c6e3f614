"""The log of a sandbox here, where nobody followed while it was turned over there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.shim.output import LOG, LOG_BYTES, OLDER, TURN
from tests.support.fleet import container_of, end_of, kill_controller, reach
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 60.0
MODAL = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
LINE = "a line of some length, so that there need not be as many of them: %.0f"
FIRST, LAST = 50_000, 300_000


def test_a_log_that_was_turned_over_while_nobody_followed_is_whole_here(
    cloud: Product, provider: Provider
) -> None:
    client = Client(cloud.paths)
    command = (
        f"seq -f '{LINE}' {FIRST}; until [ -e go ]; do sleep 0.1; done; seq -f '{LINE}' {FIRST + 1} {LAST}; "
        "until [ -e end ]; do sleep 0.1; done"
    )
    task_id = str(cloud.json("task", "create", *MODAL, command)["id"])
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    here = cloud.paths.container(container_of(client, task_id).id)
    (sandbox,) = provider.sandboxes()
    root = Path(sandbox["root"])
    there = root / "var/lib/parhelia"
    wait_until(lambda: _ends_with(here / LOG, FIRST), WAIT_S)
    kill_controller(cloud)
    had = (here / LOG).stat().st_size
    (root / "workspace/go").touch()
    wait_until(lambda: (there / TURN).is_symlink() and _ends_with(there / LOG, LAST), WAIT_S)
    # By its size alone the new log could be the one that is here in part.
    assert had < (there / LOG).stat().st_size < LOG_BYTES
    (root / "workspace/end").touch()
    cloud.json("reconciler", "run")
    end_of(client, task_id, WAIT_S)
    lines = b"".join((here / name).read_bytes() for name in (OLDER, LOG)).splitlines()
    assert lines == [(LINE % number).encode() for number in range(1, LAST + 1)]


def _ends_with(log: Path, number: int) -> bool:
    """Say whether a line is the last one of a log."""
    with suppress(FileNotFoundError):
        # It is away for a moment when it is turned over.
        return log.read_bytes()[-100:].splitlines()[-1:] == [(LINE % number).encode()]
    return False
