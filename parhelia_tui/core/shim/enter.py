"""A further session: the process of a pane that works inside a running container."""

from __future__ import annotations

import fcntl
import os
import sys
import termios
import time

from parhelia_tui.core.shim import cgroups, kinship, namespaces
from parhelia_tui.core.shim.agent_user import become
from parhelia_tui.core.shim.caller import Call, NoShim
from parhelia_tui.core.shim.child import UMASK, default_signals
from parhelia_tui.core.shim.keyring import leave_session_keyring
from parhelia_tui.core.shim.lean import loads, signals
from parhelia_tui.core.shim.loop import READ
from parhelia_tui.core.shim.processes import descendants, is_running, send_all
from parhelia_tui.core.shim.relay import Relay
from parhelia_tui.core.shim.spec import Spec, load
from parhelia_tui.core.shim.terminal import open_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FAILED = 126
GRACE_S = 2.0
"""Seconds that the processes of a session have after the hang-up of their terminal."""
COMPLAINT_S = 10.0
"""Seconds in which a command is executed, or says why it cannot be."""
LONGEST_COMPLAINT = 4096
MARK = "PARHELIA_SESSION"
"""Names the session in the environment of its processes, also of those that left their parent."""


def enter(directory: str, name: str) -> int:
    """Run the command of a session in a container on a terminal of its own, and show that in our pane.

    The command stands in sessions/NAME.json of the run directory: tmux takes no long arguments.

    Args:
        directory: the container's run directory.
        name: the session's name.

    Returns:
        The command's exit code.
    """
    try:
        spec = load(directory)
        with open(os.path.join(directory, "sessions", f"{name}.json"), "rb") as file:
            asked = loads(file.read().decode("ascii"))
        command = [str(word) for word in asked["command" if spec.user is None else "own"]]
        call = Call(spec.shim_socket)
        way = call.ask({"op": "session", "state": "wanted", "name": name})
        rows, columns = termios.tcgetwinsize(0)
    except (OSError, ValueError, KeyError, TypeError, NoShim, termios.error) as error:
        sys.stderr.write(f"the container cannot be entered: {error}\r\n")
        return FAILED
    if not spec.launcher:
        kinship.adopt_orphans()
    session = _Session(spec, way, name, rows, columns)
    failure = session.start([] if spec.user is not None else _limited(way), command)
    try:
        if failure:
            session.end()
            call.ask({"op": "session", "state": "failed", "error": failure})
            return FAILED
        call.ask({"op": "session", "state": "started"})
        code = session.show(call)
        call.ask({"op": "session", "state": "ended", "exit_code": code})
    except NoShim:
        # The container has ended, and the shim has written that its sessions ended with it.
        code = session.end()
    return code


class _Session:
    """The processes of one further session."""

    def __init__(self, spec: Spec, way: dict[str, Any], name: str, rows: int, columns: int) -> None:
        self._spec = spec
        self._way = way
        self._mark = f"{MARK}={name}".encode()
        self._env = {**spec.env, MARK: name}
        self._master, self._slave = open_terminal(rows, columns)
        self._pid = 0
        self._code: int | None = None

    def start(self, before: list[str], command: list[str]) -> str:
        """Start the command inside.

        Args:
            before: what has to stand before the command, to keep its limits.

        Returns:
            Why it could not be started; empty when it was.
        """
        reader, writer = os.pipe2(os.O_CLOEXEC)
        self._pid = os.fork()
        if self._pid == 0:
            _go_inside(self._spec, self._way, (self._slave, writer), (before, command), self._env)
        os.close(self._slave)
        os.close(writer)
        try:
            return _complaint(reader)
        finally:
            os.close(reader)

    def show(self, call: Call) -> int:
        """Show the session in our pane until it ends, or our pane or the container does."""
        relay = Relay(self._master, self._resize, lambda: relay.end() if self._has_ended() else None)
        # The shim says nothing of itself: what can be read here is its end.
        relay.loop.watch(call.descriptor, READ, relay.end)
        if not self._has_ended():
            relay.run()
        if self._has_ended():
            relay.show_rest()
        return self.end()

    def end(self) -> int:
        """End what is left of the session.

        Returns:
            The exit code of its command.
        """
        own = self._own()
        send_all(own, signals.SIGHUP)
        send_all(own, signals.SIGCONT)
        end = time.monotonic() + GRACE_S
        while not self._has_ended() or (own := self._own()):
            if time.monotonic() > end:
                send_all(own, signals.SIGKILL)
            # Most are not our children, so nobody tells of their end.
            time.sleep(0.01)
        assert self._code is not None
        return self._code

    def _own(self) -> list[int]:
        """All processes of the session that live."""
        if not self._spec.launcher:
            return [pid for pid in descendants(os.getpid()) if is_running(pid)]
        # The go-between is no process of the container; it ends with the command.
        found = set(descendants(self._pid))
        for pid in descendants(int(self._way["pid"])):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if self._mark in file.read().split(b"\0"):
                        found.add(pid)
            except OSError:
                continue
        return [pid for pid in found if is_running(pid)]

    def _has_ended(self) -> bool:
        if self._code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._code = 128 - code if code < 0 else code
        return self._code is not None

    def _resize(self, rows: int, columns: int) -> None:
        if rows and columns:
            termios.tcsetwinsize(self._master, (rows, columns))


def _complaint(reader: int) -> str:
    """Read why a command could not be started; its end closes when the command is executed.

    For a moment the container can see the process that holds the other end, so neither how long it lasts nor
    how much comes is left to it.
    """
    import select

    poll, end, said = select.poll(), time.monotonic() + COMPLAINT_S, b""
    poll.register(reader, select.POLLIN)
    while len(said) < LONGEST_COMPLAINT and poll.poll(max(0.0, end - time.monotonic()) * 1000):
        piece = os.read(reader, LONGEST_COMPLAINT)
        if not piece:
            break
        said += piece
    return said[:LONGEST_COMPLAINT].decode("utf-8", "replace")


def _limited(way: dict[str, Any]) -> list[str]:
    return ["prlimit", *way["rlimits"], "--"] if way["rlimits"] else []


def _go_inside(
    spec: Spec,
    way: dict[str, Any],
    ends: tuple[int, int],
    words: tuple[list[str], list[str]],
    env: dict[str, str],
) -> None:
    """Join the container, fork into its pid namespace and hand the exit code on; does not return.

    Args:
        ends: the terminal, and the pipe that takes why the command cannot be started.
        words: what stands before the command, and the command.
    """
    slave, complaint = ends
    before, command = words
    try:
        default_signals()
        kinship.die_with_parent(signals.SIGKILL)
        namespaces.hide_memory()
        if spec.launcher:
            leave_session_keyring()
        for group in way["groups"]:
            cgroups.join(group)
        if way["processors"]:
            os.sched_setaffinity(0, way["processors"])
        if spec.launcher:
            namespaces.enter(int(way["pid"]))
        child = os.fork()
        if child == 0:
            os.setsid()
            os.umask(UMASK)
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            moved = fcntl.fcntl(complaint, fcntl.F_DUPFD_CLOEXEC, 64)
            for descriptor in (0, 1, 2):
                os.dup2(slave, descriptor)
            complaint = os.dup2(moved, 3, inheritable=False)
            # From here on the container can see this process; it holds nothing else of the host's any more.
            os.closerange(4, 1024)
            if spec.launcher:
                namespaces.drop_privileges()
            if spec.user is not None:
                become(spec.user, way["rlimits"])
            kinship.die_with_parent(signals.SIGKILL)
            os.chdir("/workspace" if spec.launcher else os.fsencode(spec.directory))
            _execute(before, command, env)
        os.close(slave)
        os.close(complaint)
        # The hang-up goes to the command; this one stays to tell its exit code.
        signals.signal(signals.SIGHUP, signals.SIG_IGN)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(128 - code if code < 0 else code)
    except OSError as error:
        os.write(complaint, f"{command[0]}: {error.strerror or error}".encode("utf-8", "replace"))
    finally:
        os._exit(FAILED)


def _execute(before: list[str], command: list[str], env: dict[str, str]) -> None:
    """Search PATH and execute; `os.execvpe` would import a module, and none can be found from in here.

    Raises:
        OSError: the last reason why it could not be executed.
    """
    name = command[0]
    places = [name] if "/" in name else [f"{each}/{name}" for each in env["PATH"].split(":")]
    why = OSError(2, "No such file or directory")
    for place in places:
        try:
            if before and os.access(place, os.X_OK):
                # Only what is there can be left to the program before it, which would say it in its own way.
                _execute([], [*before, *command], env)
            os.execve(place, command, env)
        except OSError as error:
            # What is there but cannot be run says more than that it is not elsewhere.
            why = error if error.errno != 2 else why
    raise why
