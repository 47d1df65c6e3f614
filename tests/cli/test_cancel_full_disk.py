"""Cancelling on a disk without room: what runs ends at once, and what was wished is neither lost nor kept secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.fleet import configure, workspace
from tests.support.in_namespace import run_on_small_disk

pytestmark = pytest.mark.real

BEGIN = """
import json, os, signal, sqlite3, sys
from contextlib import closing, suppress
from pathlib import Path
from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.model.states import TASK_ENDED
from tests.support.fleet import container_of, controller_pid, end_of, kill_controller
from tests.support.in_namespace import fill_up
from tests.support.product import Product
from tests.support.waiting import wait_until

disk, place = Path(sys.argv[1]), Path(sys.argv[2])
product = Product(disk / "state")
client = product.client()
ballast = disk / "ballast"

def begun(tasks):
    prompts = [{"prompt": f"echo {n} >> /workspace/began; sleep 1000", "title": str(n)} for n in range(tasks)]
    batch = product.start("--batch", "-", "-w", str(place), input="".join(json.dumps(p) + "\\n" for p in prompts))
    wait_until(lambda: len(client.tasks()) == tasks and len(mark()) == 2, 60)
    return batch

def mark():
    return (place / "began").read_text().split() if (place / "began").exists() else []

def fill():
    # Again where an end has given back what was laid out for its record.
    with ballast.open("ab", buffering=0) as file:
        fill_up(file)
    # And in the log of the store, where a write that failed may have left a place for a smaller one.
    with closing(sqlite3.connect(product.paths.database, isolation_level=None)) as store:
        store.execute("PRAGMA wal_autocheckpoint = 0")
        with suppress(sqlite3.OperationalError):
            while True:
                store.execute("INSERT OR REPLACE INTO meta VALUES ('filling', hex(randomblob(8)))")

def runs():
    return sum(run_directory.is_alive(run) for run in product.paths.containers.iterdir())

def states():
    return sorted(task.state for task in client.tasks())
"""
END = """
finally:
    ballast.unlink(missing_ok=True)
    client.close()
    product.close()
"""

INTERRUPTED = """
try:
    batch = begun(3)
    fill()
    batch.send_signal(signal.SIGINT)
    said = [batch.stderr.readline(), batch.stderr.readline()]
    wait_until(lambda: not runs(), 60)
    ballast.unlink()
    out, errors = batch.communicate(timeout=60)
    print(json.dumps({"said": said, "code": batch.returncode, "began": len(mark()),
        "states": states(), "reasons": sorted({task.reason for task in client.tasks()}), "errors": errors,
        "asked": len(client.events(types=("task.cancel_requested",))), "kept": sorted(client.kept_cancels())}))
"""


def indented(script: str) -> str:
    """The steps of a test between what all begin and end with."""
    return BEGIN + script + END


def two_at_once(tmp_path: Path) -> str:
    """A configuration in which the third task waits, and the directory that they work on."""
    configure(tmp_path, "[controller]\nmax_containers = 2\nhealth_s = 0.2\n")
    return str(workspace(tmp_path))


def test_an_interrupted_batch_ends_what_runs_though_the_disk_is_full(tmp_path: Path) -> None:
    seen = json.loads(
        run_on_small_disk(indented(INTERRUPTED), tmp_path / "disk", 6144, (two_at_once(tmp_path),))
    )
    assert seen["said"] == [
        "cancelling what has not ended; once more to leave at once\n",
        "the disk of the state directory is full: what runs is ended now, and shown as cancelled once there is room\n",
    ]
    assert seen["code"] == 130
    assert (seen["states"], seen["reasons"]) == (["cancelled"] * 3, ["the batch was interrupted"])
    # What waited never began, each wish is told once, and no place is used any more.
    assert (seen["began"], seen["asked"], seen["kept"]) == (2, 3, [])
    assert "Traceback" not in seen["errors"]


KILLED = """
try:
    batch = begun(3)
    fill()
    batch.send_signal(signal.SIGTERM)
    said = [batch.stderr.readline(), batch.stderr.readline()]
    batch.send_signal(signal.SIGTERM)
    batch.wait(60)
    left = [batch.returncode, batch.stderr.read()]
    wait_until(lambda: not runs(), 60)
    kill_controller(product)
    ballast.unlink()
    client.ensure_controller()
    wait_until(lambda: all(task.state in TASK_ENDED for task in client.tasks()), 60)
    print(json.dumps({"said": said, "left": left, "states": states(), "began": len(mark())}))
"""


def test_a_wish_that_was_kept_outlives_who_wished_and_the_controller(tmp_path: Path) -> None:
    seen = json.loads(run_on_small_disk(indented(KILLED), tmp_path / "disk", 6144, (two_at_once(tmp_path),)))
    assert "is ended now" in seen["said"][1]
    code, last = seen["left"]
    assert code == 130
    assert last.endswith("leaving; the cancelling goes on without this command\n")
    assert (seen["states"], seen["began"]) == (["cancelled"] * 3, 2)


ALONE = """
try:
    batch = begun(2)
    first, second = sorted(task.id for task in client.tasks())
    product.paths.kept_cancels.unlink()
    fill()
    no_place = product.run("task", "cancel", first)
    batch.send_signal(signal.SIGINT)
    said = [batch.stderr.readline(), batch.stderr.readline()]
    batch.send_signal(signal.SIGINT)
    batch.wait(60)
    left = batch.stderr.read()
    runs_on = runs()
    ballast.unlink()
    client.stop_controller()
    client.ensure_controller()
    fill()
    by_hand = product.run("task", "cancel", first)
    wait_until(lambda: runs() == 1, 60)
    kill_controller(product)
    fill()
    nobody = product.error("task", "cancel", second)
    ballast.unlink()
    client.ensure_controller()
    wait_until(lambda: all(task.state in TASK_ENDED for task in client.tasks()), 60)
    print(json.dumps({
        "first": first, "second": second, "no place": [no_place.returncode, no_place.stderr], "said": said, "left": left,
        "runs on": runs_on, "by hand": [by_hand.returncode, by_hand.stdout, by_hand.stderr], "nobody": nobody,
        "states": states(),
    }))
"""


def test_what_is_not_cancelled_or_by_nobody_yet_is_said_with_what_to_do(tmp_path: Path) -> None:
    seen = json.loads(run_on_small_disk(indented(ALONE), tmp_path / "disk", 6144, (two_at_once(tmp_path),)))
    home, first, second = tmp_path / "disk" / "state", seen["first"], seen["second"]
    code, errors = seen["no place"]
    assert code == 1
    assert f"E507: task {first} is not cancelled, and what runs of it goes on: " in errors.replace(
        "error: ", ""
    )
    assert f"  try: df -h {home}\n  try: parhelia task cancel {first}\n" in errors
    # The batch that was interrupted says the same of all its tasks, also when it leaves.
    assert seen["said"][1].startswith("2 tasks are not cancelled yet, and this is tried again: ")
    assert "leaving; 2 tasks are not cancelled: parhelia task list --batch b-" in seen["left"]
    assert seen["runs on"] == 2
    # With a place for the wish.
    assert seen["by hand"] == [
        0,
        f"{first} is being cancelled\nthe disk of the state directory is full: what runs is ended now, and shown as"
        " cancelled once there is room\n",
        "",
    ]
    code, error = seen["nobody"]
    assert (code, error["code"]) == (1, "E507")
    assert error["message"].startswith(
        f"task {second} is to be cancelled once there is room on the disk, and what runs"
    )
    assert seen["states"] == ["cancelled"] * 2
