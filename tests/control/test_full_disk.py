"""A state directory without a byte left: refused in words, outlived, and made up for when there is room."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.in_namespace import run_on_small_disk
from tests.support.product import Product

pytestmark = pytest.mark.real

SCRIPT = """
import json, os, signal, sys
from pathlib import Path
from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from tests.support.fleet import RELEASE, container_of, controller_pid, create, end_of, reach
from tests.support.product import Product
from tests.support.waiting import wait_until

disk, place = Path(sys.argv[1]), Path(sys.argv[2])
product = Product(disk / "state")
client = product.client()
try:
    runs = create(client, f"echo one >> runs; {RELEASE}; exit 7", place)
    reach(client, runs.id, TaskState.RUNNING, deadline_s=60)
    pid = controller_pid(product)
    # It sees the second task when no byte is left.
    os.kill(pid, signal.SIGSTOP)
    waits = create(client, "echo two >> runs; exit 8", place)
    run = product.paths.container(container_of(client, runs.id).id)

    ballast = (disk / "ballast").open("wb", buffering=0)
    try:
        while True:
            ballast.write(b"x" * 4096)
    except OSError:
        ballast.close()
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: client.controller_details()["trouble"], 60)
    trouble = client.controller_details()["trouble"]
    code, error = product.error("task", "create", "--workspace", str(place), "echo three >> runs")
    said = [code, error["code"]]
    cancel = product.error("task", "cancel", waits.id)[1]["code"]
    # It ends while nobody can write it down.
    (place / "go").touch()
    wait_until(lambda: not run_directory.is_alive(run), 60)
    listed = len(product.json("task", "list"))
    (disk / "ballast").unlink()

    big = place / "big"
    big.mkdir()
    (big / "data").write_bytes(b"x" * 6_000_000)
    clone = end_of(client, create(client, "true", big, workspace_mode="clone").id, 60)
    ended = end_of(client, runs.id, 60)
    second = end_of(client, waits.id, 60)
    ends = [each.type for each in client.events(limit=1000, task_id=runs.id) if each.type in
            ("task.completed", "task.failed", "task.cancelled")]
    print(json.dumps({
        "refused": said, "cancel": cancel, "listed": listed, "ended": [ended.state, ended.exit_code, ended.attempt],
        "second": [second.state, second.exit_code, second.attempt],
        "trouble": trouble.partition(": ")[0], "ends": ends, "same controller": controller_pid(product) == pid,
        "stderr": (product.paths.logs / "controller.err").read_text(),
        "runs": (place / "runs").read_text().split(),
        "clone": clone.reason.partition(": ")[0], "halves": [each.name for each in product.paths.workspaces.iterdir()],
        "damage": client.check_store(),
    }))
finally:
    client.close()
    product.close()
"""


def test_a_full_disk_is_said_and_nothing_is_lost(product: Product, place: Path, tmp_path: Path) -> None:
    config = tmp_path / "config" / "parhelia" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[controller]\nhealth_s = 0.1\n")
    seen = json.loads(run_on_small_disk(SCRIPT, tmp_path / "disk", 4096, (str(place),)))
    assert seen == {
        "refused": [1, "E507"],
        "cancel": "E507",
        "listed": 2,
        "trouble": "E507",
        "ended": ["failed", 7, 1],
        "second": ["failed", 8, 1],
        "ends": ["task.failed"],
        "same controller": True,
        "stderr": "",
        "runs": ["one", "two"],
        "clone": "E507",
        "halves": [],
        "damage": [],
    }
