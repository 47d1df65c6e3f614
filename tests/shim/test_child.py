"""How bubblewrap is started: quickly where nothing has to be done before, with all that a careful start gives."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

import pytest

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.child import RUN_VARIABLE, start
from parhelia_tui.core.shim.limits import Kept
from parhelia_tui.core.shim.spec import Limit, Spec

# What stands for bubblewrap tells on its terminal what it was given.
TELLS = """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
mask = os.umask(0)
descriptors = sorted(int(name) for name in os.listdir("/proc/self/fd"))
print(json.dumps({
    "umask": mask, "leads": os.getsid(0) == os.getpid(),
    # The C library keeps 32 and 33 for itself, and ignores them in what it starts.
    "ignored": int(status["SigIgn"], 16) & 0x7FFFFFFF,
    "open": [each for each in descriptors if os.path.exists(f"/proc/self/fd/{each}")], "env": dict(os.environ),
    "processors": len(os.sched_getaffinity(0)), "options": os.read(5, 100).decode(),
}), flush=True)
"""


def told(tmp_path: Path, kept: Kept) -> tuple[int, dict[str, object]]:
    """Start it, and give its pid and what it was given."""
    spec = Spec(
        container_id="c-00000001", session_name="ph-one", command=["true"], options=["--ro-bind"],
        launcher=[sys.executable, "-I", "-S", "-c", TELLS], env={}, directory="/", shim_socket="", wake_socket="",
        limits=[],
    )  # fmt: skip
    master, slave = os.openpty()
    try:
        child = start(spec, str(tmp_path), slave, kept)
        os.close(slave)
        with os.fdopen(os.dup(master), "r") as lines:
            found = json.loads(lines.readline())
        assert os.waitpid(child.pid, 0)[1] == 0
        child.shut_gate()
        assert child.info is not None
        os.close(child.info)
    finally:
        os.close(master)
    return child.pid, found


def test_it_begins_as_programs_expect_and_without_a_copy_of_its_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise AssertionError("this process is copied")

    monkeypatch.setattr(system, "fork", refuse)
    before = os.umask(0o077)
    try:
        _, found = told(tmp_path, Kept([]))
        assert os.umask(before) == 0o077
    finally:
        os.umask(before)
    assert (found["umask"], found["leads"], found["options"]) == (0o022, True, "--ro-bind\0")
    assert found["open"] == sorted({0, 1, 2, 3, 4, 5} | _left_open())
    assert found["env"] == {"PATH": os.defpath, RUN_VARIABLE: str(tmp_path)} | _own_of_python(found)


def test_both_ways_give_the_same(tmp_path: Path) -> None:
    quick = told(tmp_path, Kept([]))[1]
    processor = min(os.sched_getaffinity(0))
    limit = Limit("cpus", "affinity", processors=[processor])
    careful = told(tmp_path, Kept([limit]))[1]
    assert careful.pop("processors") == 1
    quick.pop("processors")
    assert careful == quick


def _left_open() -> set[int]:
    """What the program that runs the tests lets every child inherit."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(each.name)} if os.get_inheritable(int(each.name)) else set()
    return found


def _own_of_python(found: dict[str, object]) -> dict[str, str]:
    """What the interpreter itself puts into its environment (PEP 538)."""
    env = found["env"]
    assert isinstance(env, dict)
    return {name: value for name, value in env.items() if name == "LC_CTYPE"}
