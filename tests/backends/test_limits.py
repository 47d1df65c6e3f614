"""Limits of a container: kept by the best means of this machine, and said which, also where there is none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import limits
from parhelia_tui.core.model.records import Limits
from tests.support.fleet import configure, create, end_of, event, workspace
from tests.support.local import Local
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

# Each part prints one line; what it asks for is far beyond the limits that the tests set.
MEMORY = """
import os
pid = os.fork()
if pid == 0:
    try:
        # Written to, so that it counts also where only what is used does.
        held = bytearray(os.urandom(1 << 20) * 600)
    except MemoryError:
        os._exit(3)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) in (3, -9))
"""
PIDS = """
import os
children = 0
try:
    while children < 200:
        if os.fork() == 0:
            os.read(0, 1)
            os._exit(0)
        children += 1
except OSError:
    pass
print(children)
"""
CPUS = """
import os, time
print(len(os.sched_getaffinity(0)))
for _ in range(2):
    if os.fork() == 0:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            pass
        os._exit(0)
for _ in range(2):
    os.wait()
print(os.times().children_user + os.times().children_system)
"""


def run(local: Local, script: str, tmp_path: Path, **wanted: float) -> tuple[list[str], dict[str, str]]:
    """What a script prints under limits, and how they are kept as the supervisor says."""
    place = workspace(tmp_path)
    (place / "script.py").write_text(script)
    container = local.create("exec python3 script.py", place, limits=Limits(**wanted))  # type: ignore[arg-type]
    record = local.end(container)
    assert record.exit_code == 0, record.tail
    spool = (local.run(container) / "spool.jsonl").read_text().splitlines()
    how = next(each["limits"] for each in map(json.loads, spool) if each["type"] == "started")
    return list(record.tail), how


@pytest.fixture(params=["the best means", "without control groups"])
def means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The means that this machine has, and then those of one that gives no control groups."""
    if request.param == "without control groups":
        monkeypatch.setattr(limits, "usable_groups", dict)
    return str(request.param)


def test_memory_is_limited(local: Local, tmp_path: Path, means: str) -> None:
    lines, how = run(local, MEMORY, tmp_path, memory_mb=200)
    assert lines == ["True"]
    if means == "without control groups":
        assert how == {"memory": "rlimit, for each process"}


def test_processes_are_limited_or_it_is_said_that_they_are_not(
    local: Local, tmp_path: Path, means: str
) -> None:
    lines, how = run(local, PIDS, tmp_path, pids=30)
    if means == "without control groups":
        # The kernel counts no processes of root's.
        assert how == {"pids": "not kept" if os.geteuid() == 0 else "rlimit"}
    kept = how["pids"] != "not kept"
    assert (int(lines[0]) < 30) is kept


def test_processors_are_limited(local: Local, tmp_path: Path, means: str) -> None:
    lines, how = run(local, CPUS, tmp_path, cpus=0.5)
    if means == "without control groups":
        assert how == {"cpus": "affinity, 1 processors"}
        assert lines[0] == "1"
    # Seconds of processors in one second; a period or two more, because they are counted in periods.
    assert float(lines[1]) < (0.8 if how["cpus"].startswith("cgroup") else 1.3)


def test_the_control_group_of_a_container_has_its_share_of_a_processor(local: Local, tmp_path: Path) -> None:
    container = local.create("exec sleep 600", workspace(tmp_path), limits=Limits(cpus=0.5))
    spec = json.loads((local.run(container) / "spec.json").read_text())
    groups = [Path(each["group"]) for each in spec["limits"] if each["group"]]
    # None where this machine gives none; then the affinity is all there is.
    assert groups == limits.groups_of(container)
    for group in groups:
        quota = group / "cpu.cfs_quota_us"
        said = quota.read_text() if quota.exists() else (group / "cpu.max").read_text().split()[0]
        assert int(said) == 50_000
        assert (group / "cgroup.procs").read_text().split()
    local.terminate(container)
    assert limits.groups_of(container) == []


def test_what_is_not_kept_is_said_of_each_container_and_what_the_doctor_says_is_true(
    product: Product, tmp_path: Path
) -> None:
    client = product.client()
    wanted = {"memory_mb": 500, "pids": 50, "cpus": 1.0}
    task = create(client, "true", workspace(tmp_path), limits=wanted)
    end_of(client, task.id)
    said = event(client, "container.started", task_id=task.id)
    how = said.data["limits"]
    parts = {part["name"]: part for part in product.json("doctor")}
    assert {f"{name} limit": means for name, means in how.items()} == {
        name: part["how"] for name, part in parts.items() if name.endswith(" limit")
    }
    assert all(parts[f"{name} limit"]["works"] == (means != "not kept") for name, means in how.items())
    assert (said.level == "warning") == ("not kept" in how.values())


def test_running_out_of_memory_is_the_reason_that_is_told(product: Product, tmp_path: Path) -> None:
    client = product.client()
    place = workspace(tmp_path)
    hungry = "python3 -c 'import os; held = bytearray(os.urandom(1 << 20) * 600)'"
    task = create(client, hungry, place, limits={"memory_mb": 200})
    ended = end_of(client, task.id)
    assert ended.exit_code != 0
    how = event(client, "container.started", task_id=task.id).data["limits"]["memory"]
    said = ended.reason + "".join(client.log_tail(task.id))
    assert ("memory limit was reached" if how.startswith("cgroup") else "MemoryError") in said


def test_a_further_session_is_under_the_same_limits(product: Product, tmp_path: Path) -> None:
    client = product.client()
    place = workspace(tmp_path)
    (place / "script.py").write_text(PIDS)
    configure(tmp_path, "[local]\ngrace_s = 0.2\n")
    task = create(client, "exec sleep 600", place, limits={"pids": 30})
    how = event(client, "container.started", task_id=task.id).data["limits"]["pids"]
    name = product.run("session", "new", task.id, "--", "python3", "-c", f"{PIDS}\ninput()").stdout.strip()
    wait_until(lambda: product.run("session", "capture", name).stdout.strip(), 30)
    assert (int(product.run("session", "capture", name).stdout) < 30) is (how != "not kept")
