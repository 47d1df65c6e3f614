"""A disk without room: who waits is told why, who looks is told of it, and nobody is called ill for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.fleet import configure, workspace
from tests.support.in_namespace import run_on_small_disk

pytestmark = pytest.mark.real

SCRIPT = """
import json, os, sys, time
from pathlib import Path
from parhelia_tui.core.model.states import TASK_SETTLED, TaskState
from tests.support.fleet import RELEASE, container_of, reach
from tests.support.in_namespace import fill_up
from tests.support.product import Product
from tests.support.waiting import wait_until

disk, place = Path(sys.argv[1]), Path(sys.argv[2])
product = Product(disk / "state")
client = product.client()
try:
    waits = product.start("run", "-w", str(place), f"{RELEASE}; exit 7")
    wait_until(lambda: product.json("task", "list"), 60)
    task_id = product.json("task", "list")[0]["id"]
    reach(client, task_id, TaskState.RUNNING, deadline_s=60)
    wait_until(lambda: container_of(client, task_id).last_heartbeat_at, 60)
    watches = product.start("task", "watch", task_id)

    with (disk / "ballast").open("wb", buffering=0) as ballast:
        fill_up(ballast)
    said = [waits.stderr.readline(), watches.stderr.readline()]
    status = product.run("status").stdout
    # Many beats long nobody can write down that the container lives.
    heard = container_of(client, task_id).last_heartbeat_at
    wait_until(lambda: time.time() - heard > 6, 60)
    (disk / "ballast").unlink()
    wait_until(lambda: container_of(client, task_id).last_heartbeat_at > heard, 60)
    seen = container_of(client, task_id).health
    (place / "go").touch()
    code = waits.wait(60)
    watches.wait(60)
    print(json.dumps({
        "said": said, "more": waits.stderr.read(), "code": code, "health": seen,
        "status": [line for line in status.splitlines() if line.startswith("disk")],
        "after": [line for line in product.run("status").stdout.splitlines() if line.startswith("disk")],
        "ill": [each.message for each in client.events(types=(
            "container.degraded", "container.unhealthy", "container.dead"))],
    }))
finally:
    client.close()
    product.close()
"""


def test_a_disk_that_fills_up_is_said_to_who_waits_and_who_looks(tmp_path: Path) -> None:
    configure(tmp_path, "[controller]\nhealth_s = 0.2\n[health]\nheartbeat_s = 0.5\n")
    seen = json.loads(run_on_small_disk(SCRIPT, tmp_path / "disk", 6144, (str(workspace(tmp_path)),)))
    home = tmp_path / "disk" / "state"
    waits = f"the disk of {home} is full: what has happened cannot be recorded, so this waits until there is room\n"
    assert seen["said"] == [waits, waits]
    assert seen["status"] == [
        "disk        the disk of the state directory is full: what happens is recorded once there is room again"
    ]
    # A command of its own ends as it would have, and nobody was called ill meanwhile.
    assert (seen["code"], seen["more"], seen["after"]) == (7, "", [])
    assert (seen["health"], seen["ill"]) == ("healthy", [])


DOCTOR = """
import json, sys
from pathlib import Path
from tests.support.product import Product

disk = Path(sys.argv[1])
with (disk / "ballast").open("wb", buffering=0) as ballast:
    try:
        while True:
            ballast.write(b"x" * 4096)
    except OSError:
        # Room for a directory to try things in, and not for what is tried.
        ballast.truncate(ballast.tell() // 4096 * 4096 - 4096)
done = Product(disk / "state").run("doctor", env={"TMPDIR": str(disk)})
print(json.dumps([done.returncode, done.stdout, done.stderr]))
"""


def test_doctor_outlives_a_full_disk_and_names_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    code, said, errors = json.loads(run_on_small_disk(DOCTOR, disk, 1024))
    parts = {line.split("  ")[0]: line for line in said.splitlines()}
    assert (code, errors) == (8, "")
    assert "✓ works" in parts["tmux"]
    assert f"✗ not tried  it could not be tried in {disk}: No space left on device" in parts["isolation"]
    assert "✗ fails" in parts["state directory"]
    assert "kB are left on its disk" in parts["state directory"]
    assert "✓ works" in parts["configuration"]
    assert f"df -h {disk}" in said
