"""The whole chain as an ordinary user runs it: tmux, bubblewrap, networks, limits, sessions, endings."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import shim_pid
from tests.support.ordinary import OrdinaryProduct, ordinary_product
from tests.support.waiting import processes_with, wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def ordinary() -> Iterator[OrdinaryProduct]:
    with ordinary_product() as product:
        yield product


def work(product: OrdinaryProduct) -> Path:
    """The user's workspace."""
    return product.home.parent / "work"


def run(product: OrdinaryProduct, *words: str) -> tuple[int, list[str]]:
    """Run `parhelia run` on the workspace; its exit code and lines."""
    done = product.run("run", "--workspace", str(work(product)), *words)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def started(product: OrdinaryProduct, command: str, *words: str) -> str:
    """Start a task that runs until it is ended, and give the id of its container."""
    product.json("task", "create", "--workspace", str(work(product)), *words, command)
    wait_until(lambda: product.json("container", "list", "--state", "running"), 20)
    return str(product.json("container", "list")[0]["id"])


def test_commands_run_and_end_with_their_codes(ordinary: OrdinaryProduct) -> None:
    script = "id -u; touch made; ls /home; cat /etc/hostname; exit 3"
    code, lines = run(ordinary, script)
    assert code == 3
    [container] = ordinary.json("container", "list", "--all")
    assert lines == ["1000", "agent", container["id"]]
    assert (work(ordinary) / "made").stat().st_uid == work(ordinary).stat().st_uid


def test_nothing_of_the_system_can_be_written(ordinary: OrdinaryProduct) -> None:
    script = "for path in / /etc /usr /opt /proc/sys/kernel; do touch $path/made 2>/dev/null && echo $path; done; true"
    assert run(ordinary, script) == (0, [])


@pytest.mark.parametrize("network", ["none", "open"])
def test_the_network_is_what_was_asked_for(ordinary: OrdinaryProduct, network: str) -> None:
    code, lines = run(ordinary, "--network", network, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '")
    here = [line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]]
    assert (code, lines) == (0, ["lo"] if network == "none" else here)


@pytest.mark.long
def test_a_further_session_runs_in_the_same_container(ordinary: OrdinaryProduct) -> None:
    container = started(ordinary, "echo first > /tmp/seen; exec sleep 600", "--pids", "64")
    inside = "cat /tmp/seen; id -u; echo $$; read wait"
    session = ordinary.run("session", "new", container, "--", "sh", "-c", inside).stdout.strip()
    wait_until(lambda: len(ordinary.run("session", "capture", session).stdout.split()) == 3, 20)
    lines = ordinary.run("session", "capture", session).stdout.split()
    assert lines[:2] == ["first", "1000"]
    assert int(lines[2]) < 50


@pytest.mark.long
@pytest.mark.parametrize("way", ["terminate", "kill of the supervisor"])
def test_no_process_is_left(ordinary: OrdinaryProduct, way: str) -> None:
    mark = f"{600 + uuid.uuid4().int % 1000}.{uuid.uuid4().int % 10**9:09d}"
    deaf = f"trap '' TERM HUP; setsid -f sleep {mark}; (sleep {mark} &); sleep {mark}"
    container = started(ordinary, deaf)
    wait_until(lambda: len(processes_with(mark)) >= 3, 20)
    if way == "terminate":
        assert ordinary.run("container", "terminate", "--yes", container).returncode == 0
    else:
        os.kill(shim_pid(ordinary, container), signal.SIGKILL)
    wait_until(lambda: ordinary.json("container", "show", container)["state"] in ("terminated", "failed"), 30)
    assert processes_with(mark) == []


def test_its_limits_hold_and_are_named(ordinary: OrdinaryProduct) -> None:
    script = """
import os
try:
    bytearray(300 << 20)
except MemoryError:
    print("no memory")
children = 0
try:
    while children < 100:
        if os.fork() == 0:
            os.read(0, 1)
            os._exit(0)
        children += 1
except OSError:
    print("no processes", children < 40)
print(len(os.sched_getaffinity(0)))
"""
    (work(ordinary) / "greedy.py").write_text(script)
    code, lines = run(ordinary, "--memory", "200", "--pids", "40", "--cpus", "1", "python3 greedy.py; true")
    assert code == 0, lines
    [event] = [each for each in ordinary.json("events", "list") if each["type"] == "container.started"]
    how = event["data"]["limits"]
    assert set(how) == {"memory", "pids", "cpus"}
    assert "not kept" not in how.values()
    assert ("no memory" in lines) or "Killed" in "".join(lines)
    assert "no processes True" in lines


def test_the_doctor_finds_all_that_is_needed(ordinary: OrdinaryProduct) -> None:
    parts = {part["name"]: part for part in ordinary.json("doctor")}
    # Each of them was tried: an overlay was mounted and written to, too.
    for name in ("tmux", "bubblewrap", "isolation", "network none", "persistent containers"):
        assert parts[name]["works"], parts[name]


@pytest.mark.long
def test_images_lie_over_each_other_and_what_is_mounted_is_there(ordinary: OrdinaryProduct) -> None:
    for name, base in (("one", ()), ("two", ("--base", "one"))):
        script = (
            f"printf '#!/bin/sh\\necho {name}\\n' > /usr/local/bin/is-{name}; chmod +x /usr/local/bin/is-{name};"
            f" mkdir -p /usr/share/made; echo {name} > /usr/share/made/{name}; echo {name} > /etc/made"
        )
        ordinary.json("image", "build", name, "--script", "-", *base, input=script)
    shown = ("--mount", f"{work(ordinary)}:/again")
    script = "is-one; is-two; ls -1 /usr/share/made; cat /etc/made; touch /usr/share/made/three /workspace/made; ls /again"
    for _ in range(2):
        assert run(ordinary, "--image", "two", *shown, script) == (
            0,
            ["one", "two", "one", "two", "two", "made"],
        )
    assert run(ordinary, "test -e /usr/share/made")[0] == 1


@pytest.mark.long
def test_an_image_with_a_tree_deeper_than_calls_can_be_is_made_begun_with_and_deleted(
    ordinary: OrdinaryProduct,
) -> None:
    down = "cd /etc; deep=$(printf 'd/%.0s' $(seq 1500));"
    script = f"{down} mkdir -p $deep; echo deep > ${{deep}}made"
    ordinary.json("image", "build", "deep", "--script", "-", input=script)
    look = f'{down} cat ${{deep}}made; stat -c "%a" /etc/d'
    assert run(ordinary, "--image", "deep", look) == (0, ["deep", "755"])
    ordinary.json("image", "delete", "deep")
    assert ordinary.json("image", "list") == []
