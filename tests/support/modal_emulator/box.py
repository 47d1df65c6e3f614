"""One sandbox: a real process tree in a bubblewrap container, with a root directory of its own."""

from __future__ import annotations

import array
import asyncio
import contextlib
import itertools
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path

from parhelia_tui.core.shim.agent_user import ONE_USER
from tests.support.modal_emulator.joining import join

INSIDE = Path(__file__).with_name("inside.py")
_PYTHON = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
_PREFIX = Path(sys.base_prefix).resolve()
_CAPABILITIES = (
    *("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"),
    *("CAP_SYS_CHROOT", "CAP_AUDIT_WRITE", "CAP_NET_BIND_SERVICE"),
)
_USERS = (
    "root:x:0:0:root:/root:/bin/bash\nagent:x:1000:1000::/home/agent:/bin/bash\n"
    "sshd:x:101:65534::/run/sshd:/bin/false\n"
)
_GROUPS = "root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n"


class Exec:
    """One command in a box, with all that it printed.

    Args:
        stdin: descriptor to write to; -1 once it is closed.
    """

    def __init__(self, stdin: int) -> None:
        self.stdin = stdin
        self.written = 0
        self.output = (bytearray(), bytearray())
        self.open = [True, True]
        self.code: int | None = None
        self.changed = asyncio.Condition()

    async def tell(self) -> None:
        """Wake who waits for more."""
        async with self.changed:
            self.changed.notify_all()

    async def write(self, data: bytes) -> None:
        """Write to its standard input as fast as it reads."""
        self.written += len(data)
        while data and self.stdin >= 0:
            try:
                data = data[os.write(self.stdin, data) :]
            except BlockingIOError:
                await asyncio.sleep(0.001)
            except BrokenPipeError:
                self.close_stdin()

    def close_stdin(self) -> None:
        """Say that nothing more comes."""
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1


def make_root(root: Path, image: Path | None) -> None:
    """Make the root directory of a box from an image's files; programs and libraries are this machine's."""
    root.mkdir(parents=True)
    if image is not None and image.exists():
        shutil.copytree(image, root, symlinks=True, dirs_exist_ok=True)
    for name in ("root", "home/agent", "tmp", "var/tmp", "run/sshd", "proc", "dev", "usr", "etc", "opt"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for name in ("bin", "sbin", "lib", "lib64"):
        here = Path("/") / name
        if here.is_symlink() and not os.path.lexists(root / name):
            (root / name).symlink_to(here.readlink())
    for name, text in (("passwd", _USERS), ("group", _GROUPS), ("hosts", "127.0.0.1 localhost\n")):
        if not (root / "etc" / name).exists():
            (root / "etc" / name).write_text(text)
    for name in ("ld.so.cache", "alternatives"):
        here, there = Path("/etc") / name, root / "etc" / name
        if here.is_dir() and not there.exists():
            shutil.copytree(here, there, symlinks=True)
        elif here.is_file() and not there.exists():
            shutil.copy(here, there)


class Box:
    """A running sandbox.

    Args:
        root: its root directory, made by `make_root`.
        volumes: directories of this machine by their path inside.
        more: further read-only directories of this machine by their path inside.
        reach: ports of this machine's loopback that are reached inside, as hosts outside are.
        may: says whether one of them may be reached now.
        on_end: called with the exit code once its main process has ended.
    """

    def __init__(
        self,
        root: Path,
        volumes: Mapping[str, Path],
        more: Mapping[str, Path],
        reach: Sequence[int],
        may: Callable[[], bool],
        on_end: Callable[[int], None],
    ) -> None:
        self.root = root
        self.busy = 0
        """Commands and connections that are open, which keep it from being idle."""
        self._volumes = volumes
        self._more = more
        self._reach = tuple(reach)
        self._may = may
        self._on_end = on_end
        self._execs: dict[str, Exec] = {}
        self._connecting: dict[str, asyncio.Future[socket.socket | None]] = {}
        self._numbers = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._channel: socket.socket | None = None

    async def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> None:
        """Start the container and its main process."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        words = [
            *(
                "bwrap",
                "--unshare-pid",
                "--unshare-ipc",
                "--unshare-uts",
                "--unshare-net",
                "--hostname",
                "modal",
            ),
            *("--die-with-parent", "--as-pid-1", "--clearenv", "--bind", str(self.root), "/"),
            *("--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"),
        ]
        for name in ("bin", "sbin", "lib", "lib64"):
            here = Path("/") / name
            if here.is_dir() and not here.is_symlink():
                words += ["--ro-bind", str(here), str(here)]
        if not _PREFIX.is_relative_to("/usr"):
            words += ["--ro-bind", str(_PREFIX), "/__modal/python"]
            # Where it looks for its own library first; another of the same name in /usr/lib has not all of it (ssl).
            words += ["--ro-bind", str(_PREFIX / "lib"), str(_PREFIX / "lib")]
        path = "/__modal/commands:/__modal/python/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        alone: dict[str, str] = {}
        if os.geteuid() == 0:
            for each in _CAPABILITIES:
                words += ["--cap-add", each]
        else:
            # One id is all that a user namespace of an ordinary user has, so there is no second user inside.
            words += ["--unshare-user", "--uid", "0", "--gid", "0"]
            alone = {ONE_USER: "1"}
        for inside, outside in self._more.items():
            # Those that bubblewrap makes by itself would be root's alone.
            (self.root / inside.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            words += ["--ro-bind", str(outside), inside]
        for inside, outside in self._volumes.items():
            words += ["--bind", str(outside), inside]
        words += ["--ro-bind", str(INSIDE), "/__modal/inside.py", "--"]
        python = str(_PYTHON) if _PREFIX.is_relative_to("/usr") else f"/__modal/python/bin/{_PYTHON.name}"
        self._process = await asyncio.create_subprocess_exec(
            *words,
            *(python, "-I", "-S", "/__modal/inside.py", str(theirs.fileno()), *map(str, self._reach)),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        self._channel = ours
        asyncio.get_running_loop().add_reader(ours, self._heard)
        self._env = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", **alone, **env}
        await self.exec("main", argv, {}, cwd)

    async def exec(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> Exec:
        """Start a command; the same name twice is one command."""
        if name in self._execs:
            return self._execs[name]
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(3)]
        for fd in (pipes[0][1], pipes[1][0], pipes[2][0]):
            os.set_blocking(fd, False)
        made = self._execs[name] = Exec(pipes[0][1])
        inside = [pipes[0][0], pipes[1][1], pipes[2][1]]
        asked = {"op": "exec", "id": name, "argv": list(argv), "env": {**self._env, **env}, "cwd": cwd}
        try:
            await self._send(asked, inside)
        finally:
            for fd in inside:
                os.close(fd)
        self.busy += name != "main"
        for index in (0, 1):
            self._pump(made, index, pipes[index + 1][0])
        return made

    def command(self, name: str) -> Exec | None:
        """Find a command by its name."""
        return self._execs.get(name)

    async def connect(self, port: int) -> socket.socket | None:
        """Connect to a port inside; None where nobody listens."""
        number = str(next(self._numbers))
        future = self._connecting[number] = asyncio.get_running_loop().create_future()
        await self._send({"op": "connect", "id": number, "port": port}, [])
        return await future

    async def hang(self) -> None:
        """Stop its main process, and let every command know that nobody talks to it any more."""
        await self._send({"op": "stop", "id": "main"}, [])
        for each in self._execs.values():
            each.close_stdin()

    async def end(self) -> None:
        """Kill every process of it."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        self._close()

    def _close(self) -> None:
        if self._channel is not None:
            asyncio.get_running_loop().remove_reader(self._channel)
            self._channel.close()
            self._channel = None
        for future in self._connecting.values():
            if not future.done():
                future.set_result(None)
        for each in self._execs.values():
            each.close_stdin()
            each.code = -9 if each.code is None else each.code
            self._spawn(each.tell())

    async def _send(self, asked: dict, fds: Sequence[int]) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        while self._channel is not None:
            try:
                self._channel.sendmsg([json.dumps(asked).encode()], rights)
                return
            except BlockingIOError:
                await asyncio.sleep(0.001)
        raise ConnectionError("the sandbox has ended")

    def _heard(self) -> None:
        assert self._channel is not None
        try:
            data, ancillary, _, _ = self._channel.recvmsg(65536, socket.CMSG_SPACE(4))
        except OSError:
            data, ancillary = b"", []
        if not data:
            self._gone()
            return
        said = json.loads(data)
        if "exit" in said:
            made = self._execs[said["exit"]]
            made.code = said["code"]
            self.busy -= said["exit"] != "main"
            self._spawn(made.tell())
            return
        fds = array.array("i")
        for _, _, content in ancillary:
            fds.frombytes(content)
        found = socket.socket(fileno=fds[0]) if fds else None
        if "goes_out" in said and found is not None:
            self._spawn(self._go_out(found, said["goes_out"]))
        else:
            self._connecting.pop(said["connected"]).set_result(found)

    async def _go_out(self, inside: socket.socket, port: int) -> None:
        """Join a connection from inside with what it is for, as far as the network of the sandbox lets it."""
        if not self._may():
            inside.close()
            return
        inside.setblocking(False)
        near = await asyncio.open_connection(sock=inside)
        try:
            far = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            near[1].close()
            return
        await join(near, far)

    def _gone(self) -> None:
        code = self._execs["main"].code
        self._close()
        self._on_end(-9 if code is None else code)

    def _pump(self, made: Exec, index: int, fd: int) -> None:
        loop = asyncio.get_running_loop()

        def read() -> None:
            try:
                data = os.read(fd, 1 << 16)
            except BlockingIOError:
                return
            if data:
                made.output[index].extend(data)
            else:
                loop.remove_reader(fd)
                os.close(fd)
                made.open[index] = False
            self._spawn(made.tell())

        loop.add_reader(fd, read)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
