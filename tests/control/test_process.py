"""The controller's process: one for each state directory, there when it is needed, hard to hurt."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.launch import START_DEADLINE_S
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.settings.process_lock import holder
from parhelia_tui.core.settings.wire import LINE_LIMIT, ask
from tests.support.fleet import (
    RELEASE,
    configure,
    controller_pid,
    create,
    end_of,
    event,
    kill_controller,
    reach,
    types_of,
)
from tests.support.product import Product
from tests.support.waiting import process_is_there, quiet_since, wait_until

TRIES = 10
"""Starts of which at least one is seen as it happens."""

pytestmark = pytest.mark.real


@pytest.mark.long
def test_of_ten_that_start_at_once_one_stays(product: Product, client: Client) -> None:
    client.store_version()
    started = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "parhelia_tui.core.control"],
            env=product.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(10)
    ]
    try:
        wait_until(lambda: sum(each.poll() is None for each in started) == 1, 30)
        (stayed,) = [each for each in started if each.poll() is None]
        assert [each.returncode for each in started if each is not stayed] == [0] * 9
        assert controller_pid(product) == stayed.pid
        # The nine may be gone before it answers.
        client.ensure_controller()
        assert product.json("controller", "status")["pid"] == stayed.pid
        assert types_of(client, types=("controller.started",)) == ["controller.started"]
    finally:
        for each in started:
            each.terminate()
            assert each.communicate(timeout=60)[1] == b""


def test_a_command_that_needs_it_starts_it_and_one_that_looks_does_not(product: Product, place: Path) -> None:
    assert product.json("task", "list") == []
    assert product.json("controller", "status") == {"state": "absent", "pid": None}
    task = product.json("task", "create", "--workspace", str(place), "true")
    assert product.json("controller", "status")["pid"] == controller_pid(product)
    wait_until(lambda: product.json("task", "show", task["id"])["state"] == "completed", 20)


def test_it_leaves_when_there_is_nothing_left_to_do(product: Product, client: Client, tmp_path: Path) -> None:
    configure(tmp_path, "[controller]\nidle_exit_s = 0.2\nhealth_s = 0.05\n")
    client.ensure_controller()
    # By its own word: it may be gone before anybody has looked at its lock.
    pid = event(client, "controller.started").data["pid"]
    wait_until(lambda: not process_is_there(pid), 10)
    assert types_of(client, types=("controller.*",)) == ["controller.started", "controller.stopped"]


def test_its_own_looks_are_no_reason_to_stay(product: Product, client: Client, tmp_path: Path) -> None:
    # It looks at screens every two seconds, and at all containers every second.
    configure(tmp_path, "[controller]\nidle_exit_s = 4\nreconcile_s = 1\n")
    client.ensure_controller()
    pid = event(client, "controller.started").data["pid"]
    wait_until(lambda: not process_is_there(pid), 20)


def test_it_does_not_leave_while_a_container_lives(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nidle_exit_s = 0.2\nhealth_s = 0.05\n")
    task = create(client, f"{RELEASE}; exit 3", place)
    reach(client, task.id, TaskState.RUNNING)
    pid = controller_pid(product)
    # As often as it looks, and longer than it may be idle.
    beats = len(client.events(limit=1000))
    with pytest.raises(AssertionError):
        wait_until(lambda: not process_is_there(pid), 0.5)
    assert len(client.events(limit=1000)) == beats
    (place / "go").touch()
    assert end_of(client, task.id).exit_code == 3
    wait_until(lambda: not process_is_there(pid), 10)


def test_its_sockets_and_logs_are_for_its_user_alone(product: Product, client: Client) -> None:
    client.ensure_controller()
    paths = product.paths
    for path in (paths.controller_socket, paths.wake_socket, paths.database, paths.controller_lock):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for path in (paths.home, paths.logs, paths.containers):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert stat.S_IMODE((paths.logs / "controller.log").stat().st_mode) == 0o600


@pytest.mark.long
@pytest.mark.parametrize("left", ["socket", "file"])
def test_what_a_dead_controller_left_at_its_sockets_is_no_hindrance(
    product: Product, client: Client, left: str
) -> None:
    client.ensure_controller()
    kill_controller(product)
    assert product.paths.controller_socket.exists()
    if left == "file":
        for path in (product.paths.controller_socket, product.paths.wake_socket):
            path.unlink()
            path.write_text("not a socket")
    assert product.json("controller", "status")["state"] == "absent"
    said = product.json("controller", "start")
    assert said["state"] == "running"
    assert product.json("controller", "status")["pid"] == said["pid"] == controller_pid(product)


def test_a_socket_that_outlives_its_controller_does_not_pass_for_one(
    product: Product, client: Client
) -> None:
    client.store_version()
    product.paths.wake_socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # As it is for a moment after a kill, when a program was just being started.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(str(product.paths.wake_socket))
        client.wake()
        wait_until(lambda: holder(product.paths.controller_lock) is not None, 30)


def test_stop_ends_it_and_leaves_what_runs(product: Product, client: Client, place: Path) -> None:
    task = create(client, f"{RELEASE}; exit 4", place)
    reach(client, task.id, TaskState.RUNNING)
    pid = controller_pid(product)
    assert product.json("controller", "stop") == {"stopped": True}
    wait_until(lambda: not process_is_there(pid), 10)
    assert not product.paths.controller_socket.exists()
    assert product.json("controller", "stop") == {"stopped": False}
    (place / "go").touch()
    client.ensure_controller()
    assert end_of(client, task.id).exit_code == 4
    assert len(client.containers_of(task.id)) == 1


def test_it_leaves_when_its_state_directory_is_gone(product: Product, client: Client) -> None:
    client.ensure_controller()
    pid = controller_pid(product)
    assert pid is not None
    client.close()
    shutil.rmtree(product.home)
    wait_until(lambda: not process_is_there(pid), 30)


def test_sigterm_ends_it_in_order(product: Product, client: Client) -> None:
    client.ensure_controller()
    pid = controller_pid(product)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not process_is_there(pid), 10)
    assert types_of(client, types=("controller.*",))[-1] == "controller.stopped"


def test_its_log_tells_of_its_life(product: Product) -> None:
    assert product.json("controller", "logs") == []
    product.json("controller", "start")
    pid = controller_pid(product)
    product.json("controller", "stop")
    lines = product.json("controller", "logs")
    assert [line["message"] for line in lines] == ["controller starts", "controller leaves"]
    assert {line["pid"] for line in lines} == {pid}
    assert product.json("controller", "logs", "-n", "1") == lines[-1:]


def garbage() -> list[bytes]:
    """Lines that no front would send."""
    return [
        b"",
        b"\n",
        b"\0\xff\xfe\n",
        b"[" * 500_000 + b"\n",
        b'{"op": "nothing"}\n',
        b'{"op": {"op": "stop"}}\n',
        b"[1, 2]\n",
        b'"stop"\n',
        b"x" * (LINE_LIMIT + 1000) + b"\n",
        b"no newline",
    ]


def test_garbage_on_its_sockets_does_not_hurt(product: Product, client: Client, place: Path) -> None:
    client.ensure_controller()
    pid = controller_pid(product)
    for line in garbage():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(product.paths.controller_socket))
            try:
                connection.sendall(line)
                connection.shutdown(socket.SHUT_WR)
                said = connection.recv(4096)
            except OSError:
                # It hung up in the middle of what is too long.
                said = b""
            assert said == b"" or json.loads(said)["ok"] is False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for message in (b"", b"\xff" * 4096, b"c-", b"c-" + b"\xff" * 300, b"c-../../etc", b"c-00000000"):
            sender.sendto(message, str(product.paths.wake_socket))
    task = create(client, "exit 5", place)
    assert end_of(client, task.id).exit_code == 5
    assert controller_pid(product) == pid
    assert ask(product.paths.controller_socket, {"op": "ping"}, 5.0) == {"ok": True}
    assert (product.paths.logs / "controller.err").read_text() == ""
    assert [line["level"] for line in product.json("controller", "logs")] == ["info"]


def test_many_who_connect_and_say_nothing_keep_nobody_out(product: Product, client: Client) -> None:
    client.ensure_controller()
    silent = []
    try:
        for _ in range(50):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(product.paths.controller_socket))
            silent.append(connection)
        assert ask(product.paths.controller_socket, {"op": "ping"}, 5.0) == {"ok": True}
    finally:
        for connection in silent:
            connection.close()


def test_a_killed_controller_leaves_its_lock_to_the_next(product: Product, client: Client) -> None:
    client.ensure_controller()
    first = controller_pid(product)
    kill_controller(product)
    assert holder(product.paths.controller_lock) is None
    client.ensure_controller()
    assert controller_pid(product) != first
    started = event(client, "controller.started", after_seq=1)
    assert started.data["adopted"] == []


def test_one_that_is_killed_as_it_starts_is_started_again_by_who_waits_for_it(
    product: Product, place: Path
) -> None:
    for _ in range(TRIES):
        task, killed = created_while_it_is_killed(product, place)
        if killed:
            break
        # It had answered before anybody looked: on a busy machine whoever looks comes late.
        product.json("controller", "stop")
    assert killed
    # One that was killed just as it had answered leaves a task that is stored, for the next that is started.
    product.json("controller", "start")
    wait_until(lambda: product.json("task", "show", task)["state"] == "completed", 20)


def created_while_it_is_killed(product: Product, place: Path) -> tuple[str, int]:
    """Create a task where no controller runs, and kill each that starts for it, three times at most.

    Returns:
        The task, and how many were killed.
    """
    lock = product.paths.controller_lock
    created = product.start("--json", "task", "create", "--workspace", str(place), "true")

    def starting() -> int | None:
        return holder(lock) if created.poll() is None and lock.exists() else None

    killed = 0
    while killed < 3 and created.poll() is None:
        wait_until(lambda: starting() or created.poll() is not None, 30)
        # It holds its lock some time before it answers.
        if (pid := starting()) is not None:
            os.kill(pid, signal.SIGKILL)
            wait_until(partial(lambda gone: holder(lock) != gone, pid), 30)
            killed += 1
    said, wrong = created.communicate(timeout=60)
    assert created.returncode == 0, wrong
    return json.loads(said)["data"]["id"], killed


def test_why_it_cannot_start_is_said_at_once(product: Product, tmp_path: Path) -> None:
    configure(tmp_path, "[controller]\nmax_container = 1\n")
    begun = time.monotonic()
    code, error = product.error("controller", "start")
    assert (code, error["code"]) == (2, "E700")
    assert "max_container" in error["message"]
    assert quiet_since(begun) < START_DEADLINE_S / 2


def test_what_is_stored_is_said_where_no_controller_can_start(product: Product, place: Path) -> None:
    # Where it would listen stands what it did not make, and so does not take away.
    (product.paths.controller_socket / "something").mkdir(parents=True)
    code, error = product.error("task", "create", "--workspace", str(place), "true")
    assert (code, error["code"]) == (8, "E500")
    task = product.json("task", "list")[0]
    assert error["details"]["tasks"] == [task["id"]]
    assert "stored" in error["message"]
    shutil.rmtree(product.paths.controller_socket)
    assert product.run("controller", "start").returncode == 0
    wait_until(lambda: product.json("task", "show", task["id"])["state"] == "completed", 20)


def test_a_newer_store_is_refused_in_words_and_untouched(
    product: Product, client: Client, place: Path
) -> None:
    client.store_version()
    client.close()
    raw = sqlite3.connect(product.paths.database)
    raw.execute("PRAGMA user_version = 4711")
    raw.close()
    create = ("task", "create", "--workspace", str(place), "true")
    for words in (("task", "list"), ("controller", "start"), ("status",), create):
        code, error = product.error(*words)
        assert (code, error["code"]) == (1, "E505"), words
    done = subprocess.run(
        [sys.executable, "-P", "-m", "parhelia_tui.core.control"],
        env=product.environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("E505: ")
    assert "Traceback" not in done.stderr
    raw = sqlite3.connect(product.paths.database)
    assert raw.execute("PRAGMA user_version").fetchone() == (4711,)
    raw.close()
