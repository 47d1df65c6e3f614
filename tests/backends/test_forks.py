"""Supervisors by fork: the same as those that are started, and nothing hangs on who makes them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.backends.local import shim_code, tmux
from parhelia_tui.core.backends.local.backend import LocalBackend
from parhelia_tui.core.backends.local.forks import MANY, Forks
from parhelia_tui.core.backends.plan import ContainerPlan
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.settings.config_backends import LocalConfig
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim.own_pane import STANDING
from parhelia_tui.core.shim.processes import children, stat_fields
from tests.support.product import Product
from tests.support.waiting import process_is_there, until, wait_until

pytestmark = pytest.mark.real

SESSION = "ph-test"
OF_PANE = {"PWD", "SHELL", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE"}
"""What tmux gives to a pane's process."""
STATUS = (
    *("Name", "Umask", "Uid", "Gid", "Groups", "Threads", "NoNewPrivs", "Seccomp"),
    *("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"),
    *("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"),
)


class Many:
    """A backend that creates several containers at the same time, in one event loop as the controller does.

    Args:
        paths: the state directory.
        workspace: of all of them.
    """

    def __init__(self, paths: Paths, workspace: Path) -> None:
        self.paths = paths
        self.workspace = workspace
        self.backend = LocalBackend(paths, heartbeat_s=10.0, system_paths=LocalConfig().system_paths)
        self.ids: list[str] = []

    async def create(self, count: int, command: str = "sleep 600", **more: Any) -> list[str]:
        """Start a command in so many containers at once; gives their ids in the order in which they were asked for."""
        made = [new_id("c") for _ in range(count)]
        self.ids += made
        plans = [
            ContainerPlan(
                container_id=each,
                session_name=SESSION,
                command=["/bin/sh", "-c", command],
                workspace=self.workspace,
                **more,
            )
            for each in made
        ]
        await asyncio.gather(*map(self.backend.create, plans))
        return made

    def shim(self, container_id: str) -> int:
        """The supervisor of a container."""
        return int(json.loads((self.paths.container(container_id) / "shim.pid").read_text())["pid"])

    def server(self, container_id: str) -> int:
        """Its tmux server."""
        found = tmux._server(self.paths.tmux_socket(container_id))
        assert found is not None
        return found

    def maker(self) -> int:
        """The process that makes supervisors."""
        process = self.backend._forks._process
        assert process is not None
        return process.pid

    async def tmux(self, container_id: str, *words: str) -> str:
        """Ask a container's tmux server."""
        socket = str(self.paths.tmux_socket(container_id))
        done = await asyncio.to_thread(
            subprocess.run,
            ["tmux", "-S", socket, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()

    async def close(self) -> None:
        """End all of it."""
        for each in self.ids:
            await self.backend.terminate(each, reason="the test is over", grace_s=0.0)
        await self.backend.close()


@pytest.fixture
async def many(product: Product, tmp_path: Path) -> AsyncIterator[Many]:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    private_directory(product.paths.home)
    private_directory(product.paths.containers)
    made = Many(product.paths, workspace)
    # Long enough for whoever looks at it on a busy machine.
    made.backend._forks._idle_s = 600.0
    yield made
    await made.close()


def parent(pid: int) -> int:
    """The parent of a process."""
    return int(stat_fields(pid)[1])


def read(pid: int, name: str) -> str:
    """A file of a process in /proc."""
    return (Path("/proc") / str(pid) / name).read_text()


def words(pid: int) -> list[bytes]:
    """The command line of a process."""
    return (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")[:-1]


def environment(pid: int) -> dict[str, str]:
    """The environment with which a process was started."""
    return dict(each.split("=", 1) for each in read(pid, "environ").split("\0") if each)


def descriptors(pid: int, run: Path, socket: Path) -> list[str]:
    """What a process has open, and whether its children would have it too; numbers and own names left out."""
    found = []
    for each in (Path("/proc") / str(pid) / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            target = str(each.readlink()).replace(str(run), "RUN").replace(str(socket), "SOCKET")
            flags = int(read(pid, f"fdinfo/{each.name}").split("flags:")[1].split()[0], 8)
            kind = "pts" if target.startswith("/dev/pts/") else target.partition(":[")[0]
            found.append(f"{kind} {'closes' if flags & os.O_CLOEXEC else 'stays'}")
    return sorted(found)


async def test_a_lone_container_is_started_and_of_many_most_are_made(many: Many) -> None:
    (lone,) = await many.create(1)
    assert parent(many.shim(lone)) == many.server(lone)
    assert many.backend._forks._process is None
    together = await many.create(MANY + 2)
    parents = [parent(many.shim(each)) for each in together]
    assert parents[: MANY - 1] == [many.server(each) for each in together[: MANY - 1]]
    assert parents[MANY - 1 :] == [many.maker()] * 3
    for each in together:
        assert await many.tmux(each, "list-sessions", "-F", "#{session_name}") == SESSION


async def test_without_isolation_every_supervisor_is_started(many: Many) -> None:
    together = await many.create(MANY + 1, unsandboxed=True)
    assert [parent(many.shim(each)) for each in together] == [many.server(each) for each in together]


async def test_one_that_was_made_is_as_one_that_was_started(many: Many) -> None:
    started, *_, made = await many.create(MANY)
    one, other = many.shim(started), many.shim(made)
    assert parent(other) == many.maker()

    def status(pid: int) -> list[str]:
        return [line for line in read(pid, "status").splitlines() if line.partition(":")[0] in STATUS]

    assert status(one) == status(other)
    for name in ("limits", "oom_score_adj", "cgroup", "timerslack_ns"):
        assert read(one, name) == read(other, name), name
    for link in ("exe", "root"):
        assert (Path("/proc") / str(one) / link).readlink() == (Path("/proc") / str(other) / link).readlink()
    for each, pid in ((started, one), (made, other)):
        assert (Path("/proc") / str(pid) / "cwd").readlink() == many.paths.container(each)
        # A session and a group of its own, and the same niceness.
        assert stat_fields(pid)[2:4] == [str(pid)] * 2
        assert stat_fields(pid)[16] == stat_fields(one)[16]
    assert {name: value for name, value in environment(one).items() if name not in OF_PANE} == environment(
        other
    )
    plain, more = (
        descriptors(pid, many.paths.container(each), many.paths.shim_socket(each))
        for each, pid in ((started, one), (made, other))
    )
    assert more == sorted([*plain, *["pipe closes"] * 4])


async def test_each_is_found_by_its_command_and_by_no_others(many: Many) -> None:
    together = await many.create(MANY + 1)
    runs = [many.paths.container(each) for each in together]
    for each, run in zip(together, runs, strict=True):
        said = words(many.shim(each))
        assert [shim_code.is_command(said, other) for other in runs] == [other == run for other in runs]
    assert not any(shim_code.is_command(words(many.maker()), run) for run in runs)
    plain, made = words(many.shim(together[0])), words(many.shim(together[-1]))
    assert [each.rstrip(b"\n") for each in made[:-1]] == [each.rstrip(b"\n") for each in plain[:-1]]


async def test_a_new_size_of_the_pane_reaches_the_container(many: Many) -> None:
    *_, made = await many.create(
        MANY, command="until [ -e /workspace/go ]; do sleep 0.05; done; stty size; exit 7"
    )
    await many.tmux(made, "resize-window", "-t", SESSION, "-x", "93", "-y", "31")
    shim = many.shim(made)

    def size() -> bytes:
        master = next(
            each
            for each in (Path("/proc") / str(shim) / "fd").iterdir()
            if str(each.readlink()).endswith("/ptmx")
        )
        return subprocess.run(
            ["stty", "size", "-F", str(slave_of(shim, master))], capture_output=True, check=True
        ).stdout

    await until(lambda: size() == b"31 93\n", 20)
    (many.workspace / "go").touch()
    await until(lambda: not process_is_there(shim), 20)
    seen = await many.backend.look(made)
    assert seen is not None
    assert seen.exit is not None
    assert (seen.exit.exit_code, seen.exit.tail) == (7, ("31 93",))


def slave_of(pid: int, master: Path) -> Path:
    """The other side of a terminal whose master a process holds (fdinfo: tty-index)."""
    index = next(
        line for line in read(pid, f"fdinfo/{master.name}").splitlines() if line.startswith("tty-index")
    )
    return Path("/dev/pts") / index.split()[1]


async def test_with_a_killed_supervisor_its_pane_and_its_server_end(many: Many) -> None:
    *_, made = await many.create(MANY)
    server = many.server(made)
    # A terminal may be written down by a process of its own at first (utempter(3)).
    await until(lambda: len(children(server)) == 1, 20)
    standing = children(server)
    os.kill(many.shim(made), signal.SIGKILL)
    # By themselves: nobody looks at them here.
    await until(lambda: not any(map(process_is_there, (server, *standing))), 20)


async def test_a_killed_server_takes_no_work_with_it(many: Many) -> None:
    *_, made = await many.create(MANY)
    shim = many.shim(made)
    os.kill(many.server(made), signal.SIGKILL)
    await until(lambda: b"terminal_lost" in (many.paths.container(made) / "spool.jsonl").read_bytes(), 20)
    assert await many.backend.restore_terminal(made)
    await until(lambda: tmux.answers(many.paths.tmux_socket(made)), 20)
    assert process_is_there(shim)


async def test_whom_a_killed_maker_made_lives_on_and_others_are_begun(many: Many) -> None:
    first = await many.create(MANY)
    maker = many.maker()
    os.kill(maker, signal.SIGKILL)
    await until(lambda: many.backend._forks._process is None, 20)
    second = await many.create(MANY)
    assert many.maker() != maker
    for each in (*first, *second):
        seen = await many.backend.look(each)
        assert seen is not None
        assert (seen.alive, seen.terminal, seen.exit) == (True, True, None)


async def test_what_a_killed_maker_was_asked_for_is_begun_once(many: Many) -> None:
    """Killed while requests wait for it: stopped first, so that none of them is answered."""
    await many.create(MANY)
    maker = many.maker()
    os.kill(maker, signal.SIGSTOP)
    asked = asyncio.create_task(many.create(MANY, command="echo once >> /workspace/starts; sleep 600"))
    await until(lambda: len(many.backend._forks._waiting) > 1, 20)
    os.kill(maker, signal.SIGKILL)
    for each in await asked:
        seen = await many.backend.look(each)
        assert seen is not None
        assert (seen.alive, seen.terminal) == (True, True)
    starts = many.workspace / "starts"
    await until(lambda: starts.exists() and starts.read_text().count("once\n") >= MANY, 20)
    assert starts.read_text() == "once\n" * MANY


@pytest.mark.long
async def test_a_maker_that_nobody_asks_ends_by_itself(many: Many) -> None:
    many.backend._forks._idle_s = 2.0
    *_, made = await many.create(MANY)
    await until(lambda: many.backend._forks._process is None, 20)
    assert process_is_there(many.shim(made))
    assert parent(many.shim(made)) != os.getpid()


async def test_closing_ends_the_maker_and_nobody_it_made(many: Many) -> None:
    *_, made = await many.create(MANY)
    maker = many.maker()
    await many.backend.close()
    assert not process_is_there(maker)
    assert process_is_there(many.shim(made))


async def test_a_pane_that_cannot_be_started_is_told_of(many: Many, tmp_path: Path) -> None:
    (earlier,) = await many.create(1)
    await many.backend.terminate(earlier, reason="only its spec is wanted", grace_s=0.0)
    forks = Forks(many.paths)
    for program, said in (("/bin/false", "tmux gave no reason"), ("/nowhere/tmux", "/nowhere/tmux: No such")):
        container = new_id("c")
        run = private_directory(many.paths.container(container))
        spec = json.loads((many.paths.container(earlier) / "spec.json").read_text())
        socket = str(many.paths.shim_socket(container))
        (run / "spec.json").write_text(json.dumps({**spec, "container_id": container, "shim_socket": socket}))
        private_directory(run / "agent")
        pid = await forks.start(run, [program])
        assert pid is not None
        await until(lambda pid=pid: not process_is_there(pid), 20)  # type: ignore[misc]
        record = json.loads((run / "exit.json").read_text())
        assert record["reason"] == "start_failed"
        assert said in record["detail"]
    await forks.close()


def test_what_a_controller_asked_for_that_is_gone_is_not_made(tmp_path: Path) -> None:
    run = tmp_path / "c-12345678"
    run.mkdir()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(str(run).encode())
    # Of this pid there is none, so its parent is not who asks.
    command = shim_code.command(tmp_path, "fork", str(1 << 22), "60", "." * 200)
    with theirs:
        process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
    assert process.wait(60) == 0
    assert ours.recv(64) == b""
    assert list(run.iterdir()) == []
    ours.close()


@pytest.mark.parametrize("shell", [("/bin/sh",), ("bash", "--posix"), ("bash",)])
def test_what_stands_in_the_pane_tells_of_sizes_and_ends_with_us(shell: tuple[str, ...]) -> None:
    living, life = os.pipe()
    news, news_inside = os.pipe()
    own = [str(each) for each in (os.getpid(), living, news)]
    process = subprocess.Popen([*shell, "-c", STANDING, "here", *own], stdin=subprocess.DEVNULL)

    def told() -> bytes:
        wait_until(lambda: select.select([news], [], [], 0)[0], 20)
        return os.read(news, 100)

    try:
        assert told() == b"%d\n" % process.pid
        for _ in range(3):
            process.send_signal(signal.SIGWINCH)
            assert told() == b"\n"
        os.close(life)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        for each in (living, news, news_inside):
            os.close(each)


def test_what_stands_in_a_pane_of_nobody_ends_at_once() -> None:
    gone = subprocess.Popen(["/bin/true"])
    gone.wait(60)
    process = subprocess.Popen(
        ["/bin/sh", "-c", STANDING, "here", str(gone.pid), "5", "6"], stderr=subprocess.DEVNULL
    )
    wait_until(lambda: process.poll() is not None, 20)
    assert process.returncode != 0
