"""The egress process of a container: its sockets inside, its life and its words (docs/architecture.md, Egress).

Imported only where the spec asks for it.
"""

from __future__ import annotations

import _socket
import fcntl
import os
import select
import sys
import time

from parhelia_tui.core.shim.child import default_signals
from parhelia_tui.core.shim.lean import dumps, loads, signals
from parhelia_tui.core.shim.loop import READ, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from parhelia_tui.core.shim.freezer import Freezer

ERRORS = "egress.err"
BACKLOG = 128
LONGEST = 8192
"""Bytes of one line that it says."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
LIVED_S = 10.0
"""One that lived so long did not die of its start; the next one need not wait."""
FINISH_S = 8.0
"""How long it may take for its end: open requests have 3 s, and what waits for the API's last words 2 s more."""
_FIRST_FD = 3


class Egress:
    """One process that is started again whenever it dies, over sockets that stay.

    Args:
        spec: `command`, `env`, `ports`, whether they are inside the container, and in which variable of ours
            the key is (spec.json, `egress`).
        first: pid of the container's first process.
        freezer: holds the container still while a request waits for money.
        on_word: gets what it says, an object with a `kind`.

    Raises:
        OSError: the sockets could not be made.
    """

    def __init__(
        self,
        loop: Loop,
        spec: dict[str, Any],
        first: int,
        freezer: Freezer,
        on_word: Callable[[dict[str, Any]], None],
    ) -> None:
        self._loop = loop
        self._command = [str(word) for word in spec["command"]]
        self._env = dict(spec["env"])
        self._on_word = on_word
        self._freezer = freezer
        ports = [int(port) for port in spec["ports"]]
        self._sockets = listen_inside(first, ports) if spec["inside"] else [_listen(port) for port in ports]
        own = os.environ.pop(spec.get("key_variable") or "", "")
        self._key: dict[str, Any] | None = {"op": "key", "value": own} if own else None
        self._has_own = bool(own)
        self._pause_s = FIRST_PAUSE_S
        self._started = 0.0
        self._kept = b""
        self._stdin = self._stdout = -1
        self._over = False
        self.pid = 0
        self._start()

    def order(self, line: dict[str, Any]) -> None:
        """Hand an order on. The key is remembered, here alone, for the process after a death."""
        if line.get("op") == "key":
            if self._has_own and not line.get("value"):
                # That there is none over there does not take away the one that is here.
                return
            self._key = line
        if self._stdin >= 0:
            try:
                os.write(self._stdin, (dumps(line) + "\n").encode("ascii"))
            except OSError:
                # It has died, or hangs; the key goes to the next one, everything else it reads for itself.
                return

    def finish(self) -> None:
        """Let it end in order, and pass on what it says until then: where its book stays behind, that is all there is."""
        if self.pid == 0:
            return
        os.close(self._stdin)
        self._stdin = -1
        end = time.monotonic() + FINISH_S
        self._over = True
        while self.pid and select.select([self._stdout], [], [], max(0.0, end - time.monotonic()))[0]:
            self._said()

    def _start(self) -> None:
        read_in, self._stdin = os.pipe2(os.O_CLOEXEC)
        self._stdout, write_out = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._stdin, False)
        os.set_blocking(self._stdout, False)
        self._started = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._become(read_in, write_out)
            finally:
                os._exit(127)
        os.close(read_in)
        os.close(write_out)
        self._kept = b""
        self._loop.watch(self._stdout, READ, self._said)
        if self._key is not None:
            self.order(self._key)

    def _become(self, read_in: int, write_out: int) -> None:
        default_signals()
        # Nothing that happens to the pane's terminal happens to it.
        os.setsid()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        errors = os.open(ERRORS, flags, 0o600)
        wanted = [read_in, write_out, errors, *(each.fileno() for each in self._sockets)]
        moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 64) for each in wanted]
        for number, each in enumerate(moved):
            os.dup2(each, number)
        numbers = [str(_FIRST_FD + place) for place in range(len(self._sockets))]
        # Where the interpreter is in a sandbox nobody but its image knows.
        env = {"PATH": os.environ.get("PATH", os.defpath), **self._env}
        os.execvpe(self._command[0], [*self._command, *numbers], env)

    def _said(self) -> None:
        try:
            data = os.read(self._stdout, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._died()
            return
        *lines, self._kept = (self._kept + data).split(b"\n")
        self._kept = self._kept[-LONGEST:]
        for line in lines:
            if len(line) <= LONGEST:
                self._word(line)

    def _word(self, line: bytes) -> None:
        try:
            word = loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            return
        if not isinstance(word, dict) or not isinstance(word.get("kind"), str):
            return
        # First still, then told: who reads of it finds it so.
        if word["kind"] == "hold":
            self._freezer.keep()
        elif word["kind"] == "go_on":
            self._freezer.release()
        self._on_word(word)

    def _died(self) -> None:
        self._loop.forget(self._stdout)
        os.close(self._stdout)
        if self._stdin >= 0:
            os.close(self._stdin)
        self._stdin = self._stdout = -1
        try:
            # Who says nothing any more is dead, or no use alive.
            if not self._over:
                os.kill(self.pid, signals.SIGKILL)
            os.waitpid(self.pid, 0)
        except OSError:
            # Somebody reaped it already, as the end of all children is awaited without isolation.
            pass
        self.pid = 0
        if self._over:
            return
        if time.monotonic() - self._started > LIVED_S:
            self._pause_s = FIRST_PAUSE_S
        # The request that waited for money has died with it; the agent will ask again.
        self._freezer.release()
        self._on_word({"kind": "problem", "words": "the egress process died, and is started again"})
        self._loop.after("egress", self._pause_s, self._start)
        self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)


def _listen(port: int) -> _socket.socket:
    made = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    made.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(BACKLOG)
    return made


def listen_inside(first: int, ports: list[int]) -> list[_socket.socket]:
    """Make listening sockets on the loopback of a container's network.

    A socket belongs to the network in which it was made, wherever its descriptor goes. So a child of ours goes
    there, makes them, and hands them back (SCM_RIGHTS, unix(7)).

    Raises:
        OSError: that network cannot be joined, or the ports cannot be had.
    """
    here, there = _socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            _make(there, first, ports)
        finally:
            os._exit(1)
    there.close()
    try:
        said, passed, _, _ = here.recvmsg(512, _socket.CMSG_SPACE(4 * len(ports)))
    finally:
        here.close()
        os.waitpid(pid, 0)
    numbers = [
        int.from_bytes(data[place : place + 4], sys.byteorder)
        for level, kind, data in passed
        if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS)
        for place in range(0, len(data) - len(data) % 4, 4)
    ]
    if len(numbers) != len(ports):
        for number in numbers:
            os.close(number)
        raise OSError(said.decode("utf-8", "replace") or "nothing came back")
    for number in numbers:
        os.set_inheritable(number, False)
    return [_socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, number) for number in numbers]


def _make(there: _socket.socket, first: int, ports: list[int]) -> None:
    try:
        # Here, where it costs the shim no memory.
        from parhelia_tui.core.shim import namespaces

        namespaces.hide_memory()
        namespaces.enter_network(first)
        made = [_listen(port) for port in ports]
    except OSError as error:
        there.sendall(f"{error.strerror or error}".encode())
        os._exit(1)
    numbers = b"".join(each.fileno().to_bytes(4, sys.byteorder) for each in made)
    there.sendmsg([b"made"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)])
    os._exit(0)
