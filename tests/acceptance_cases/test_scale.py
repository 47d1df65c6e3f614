"""Many containers, long lists, large workspaces: how long they take and what they cost."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from parhelia_tui.core.model.ids import new_id, session_name
from parhelia_tui.core.model.states import ContainerState, SessionState, TaskState
from parhelia_tui.core.store import containers, sessions, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.fleet import RELEASE, configure, shim_pid
from tests.support.product import Product
from tests.support.store import make_task
from tests.support.waiting import quickest, quiet_since, wait_until

pytestmark = pytest.mark.real


def ended_sessions(product: Product, count: int) -> None:
    """Store sessions that have ended, each of a task and a container of its own, a second apart."""
    db = open_migrated(product.paths.database)
    with writing(db) as tx:
        for number in range(count):
            at = 1_000_000.0 + number
            task = tasks.add(tx, make_task(new_id("t"), title=f"number {number}", created_at=at))
            container = containers.add(
                tx, new_id("c"), task, attempt=1, workspace=task.workspace, slot=number + 1, at=at
            )
            session_id = new_id("s")
            name = session_name(task.slug, session_id)
            session = sessions.add(tx, session_id, name, container, "main", "true", at)
            sessions.move(tx, session, SessionState.FAILED, finished_at=at + 1)
            containers.move(tx, container, ContainerState.FAILED, finished_at=at + 1)
            tasks.move(tx, task, TaskState.FAILED, finished_at=at + 1)
    db.close()


@pytest.mark.parametrize("count", [100, 1000])
def test_a_list_of_many_saved_sessions_is_quick_and_readable(
    product: Product, tmp_path: Path, count: int
) -> None:
    product.paths.home.mkdir(mode=0o700)
    ended_sessions(product, count)
    words = ("session", "list", "--all", "--limit", "2000")
    assert quickest(lambda: product.run(*words), 2) < 2
    lines = product.run(*words).stdout.splitlines()
    assert len(lines) == 1 + count
    assert len({len(line.split()) for line in lines[1:]}) == 1
    found = product.json(*words)
    assert [each["created_at"] for each in found] == sorted(
        (each["created_at"] for each in found), reverse=True
    )
    # Without a wish for more, the newest alone.
    assert len(product.json("session", "list", "--all")) == min(count, 100)


def test_a_first_container_is_there_within_five_seconds(product: Product, place: Path) -> None:
    def cold() -> None:
        product.json("controller", "stop")
        done = product.run("run", "-w", str(place), "echo ready")
        assert (done.returncode, done.stdout) == (0, "ready\n")

    assert quickest(cold, 5) < 5


def test_a_workspace_of_ten_gigabytes_costs_no_time(product: Product, place: Path) -> None:
    with (place / "large").open("wb") as file:
        file.truncate(10 << 30)

    def look() -> None:
        done = product.run("run", "-w", str(place), "stat -c %s large; echo made > file")
        assert (done.returncode, done.stdout) == (0, f"{10 << 30}\n")

    assert quickest(look, 5) < 5


def test_a_command_that_waits_takes_less_than_fifty_megabytes_and_its_container_little(
    product: Product, place: Path
) -> None:
    process = product.start("run", "-w", str(place), f"touch begun; {RELEASE}")
    wait_until((place / "begun").exists, 60)
    (container,) = product.json("container", "list")
    # What the program itself took at most; what the kernel tells at its end counts who forked it too.
    peak = memory(process.pid, "status", "VmHWM:")
    assert peak < 50 << 20
    assert memory(shim_pid(product, container["id"]), "smaps_rollup", "Pss:") < 16 << 20
    (place / "go").touch()
    assert process.wait(60) == 0


def memory(pid: int, file: str, name: str) -> int:
    """What the kernel says of a process's memory, in bytes (proc(5))."""
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(name)]
    return int(line.split()[1]) << 10


@pytest.mark.long
@pytest.mark.parametrize("count", [20, 100])
def test_many_slots_of_one_workspace_run_at_once_and_are_cleaned_up_quickly(
    product: Product, place: Path, tmp_path: Path, count: int
) -> None:
    configure(tmp_path, f"[controller]\nmax_containers = {count}\n")
    line = json.dumps(
        {
            "prompt": "touch live-$PARHELIA_SLOT; until [ -e go ]; do sleep 1; done",
            "workspace": str(place),
        }
    )
    (tmp_path / "tasks.jsonl").write_text(f"{line}\n" * count)
    batch = product.start("--batch", str(tmp_path / "tasks.jsonl"))
    wait_until(lambda: len(list(place.glob("live-*"))) == count, 300)
    assert quickest(lambda: product.json("task", "list"), 2) < 2
    live = product.json("container", "list", "--limit", "1000")
    assert sorted(each["slot"] for each in live) == list(range(1, count + 1))
    (place / "go").touch()
    batch.communicate(timeout=300)
    assert batch.returncode == 0
    found = product.json("task", "list", "--all")
    assert {each["exit_code"] for each in found} == {0}
    assert max(each["started_at"] - each["created_at"] for each in found) < 60
    begun = time.monotonic()
    done = product.json("cleanup")
    assert quiet_since(begun) < 30
    assert len(done["removed"]) == count
    assert list(product.paths.containers.iterdir()) == []
