"""A process that has imported what a supervisor needs, and makes supervisors of copies of itself (fork(2)).

The interpreter and the modules are most of what a supervisor's start takes; where many containers begin together,
each is spared them. What is made here is a supervisor as any other: with a session, a lock, a pane and a command line
of its own, and nobody's child once this process has ended.
"""

from __future__ import annotations

import _socket
import fcntl
import gc
import sys

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import signals
from parhelia_tui.core.shim.main import OK, UNUSABLE, supervise
from parhelia_tui.core.shim.pane import leave_standard_streams
from parhelia_tui.core.shim.processes import stat_fields

_LONGEST = 65536
_FAR = 64
"""Descriptors from here on are in nobody's way (bundle.py, child.py)."""
_ARGUMENTS = slice(45, 47)
"""Where the arguments begin and end: fields 48 and 49 of proc_pid_stat(5), counted from the third."""


def serve(controller: int, idle_s: float) -> int:
    """Make a supervisor for each request, until its controller is gone or has asked for none in a while.

    Standard input is a socket of whole messages. A request is the run directory and then the words that start a pane
    of tmux but for the program in it, with a zero byte between two. The answer is the supervisor's pid, or 0 where
    none could be made.

    A supervisor holds the socket as well until it holds its container's lock. So whoever sees the other end closed
    knows of each request without an answer: either the lock is held by now, or nobody was made of it.

    Args:
        controller: who asks. What it asked for before it died is asked again by the next one, which may want something
            else by then.
        idle_s: seconds without a request after which none is expected any more.

    Returns:
        What this process, or in a copy of it the supervisor, exits with.
    """
    door = _socket.socket(fileno=fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, _FAR))
    door.settimeout(idle_s)
    leave_standard_streams()
    try:
        # What cannot be named could not be found either when it is to be ended.
        name = _Name()
        name.write(name.words)
    except OSError:
        return UNUSABLE
    _prepare()
    while True:
        try:
            request = door.recv(_LONGEST)
        except OSError:
            return OK
        if not request or system.getppid() != controller:
            return OK
        pid = _copy()
        if pid == 0:
            return _become(request, door, name)
        try:
            door.send(b"%d" % max(0, pid))
        except OSError:
            return OK


def _prepare() -> None:
    """Import what every supervisor imports, and keep it where no collection of garbage writes to it."""
    # None of these names is used here: to have them loaded is the purpose.
    import _ctypes  # noqa: F401 (keyring.py)

    import parhelia_tui.core.shim.own_pane
    import parhelia_tui.core.shim.services
    import parhelia_tui.core.shim.supervisor  # noqa: F401

    signals.signal(signals.SIGCHLD, signals.SIG_IGN)
    gc.freeze()


def _copy() -> int:
    try:
        return system.fork()
    except OSError:
        return -1


def _become(request: bytes, door: _socket.socket, name: _Name) -> int:
    """Be the supervisor that was asked for."""
    signals.signal(signals.SIGCHLD, signals.SIG_DFL)
    system.setsid()
    directory, *pane = request.decode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()).split(
        "\0"
    )
    try:
        name.write([b"run", system.fsencode(directory)])
    except OSError:
        return UNUSABLE
    return supervise(directory, pane, door.close)


class _Name:
    """The last words of our command line: what a process is for is told by them, and it is found by them.

    Where it lies is looked up once, as it is the same in all that is made.

    Attributes:
        words: what comes after the program.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self) -> None:
        with open("/proc/self/cmdline", "rb") as file:
            arguments = file.read().split(b"\0")[:-1]
        program = arguments.index(b"-c") + 2
        self._head, self.words = arguments[:program], arguments[program:]
        self._begin, self._end = map(int, stat_fields(system.getpid())[_ARGUMENTS])

    def write(self, words: list[bytes]) -> None:
        """Write them anew.

        The room is as it was at the start, so what is left of it becomes empty lines at the end of the program.

        Raises:
            OSError: there is no room for it, or it cannot be written.
        """
        room = self._end - self._begin - len(b"\0".join([*self._head, *words, b""]))
        if room < 0:
            raise OSError("the command line has no room")
        head = [*self._head[:-1], self._head[-1] + b"\n" * room]
        memory = system.open("/proc/self/mem", system.O_WRONLY | system.O_CLOEXEC)
        try:
            system.pwrite(memory, b"\0".join([*head, *words, b""]), self._begin)
        finally:
            system.close(memory)
