"""Starting the container's first process on the inner terminal."""

from __future__ import annotations

import _socket
import fcntl
import sys
import termios

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.keyring import leave_session_keyring
from parhelia_tui.core.shim.lean import loads, signals
from parhelia_tui.core.shim.limits import Kept
from parhelia_tui.core.shim.spec import Spec

# What bubblewrap runs inside. The command starts only when the shim says so, and not at all when the shim is
# gone: until then neither bubblewrap nor its init has bound its life to the shim's for certain. With
# --new-session the leader is bubblewrap's init, and only a leader can have a terminal: setsid(1) gives the
# command a session of its own with the inner terminal, which is /dev/console inside. So Ctrl+C and a new
# window size reach the command's foreground group and never bubblewrap, and shells have job control.
GATE = (
    "echo >&3; read -r go <&3 || exit 125; "
    'exec setsid -c "$@" 3>&- 4>&- 5>&- </dev/console >/dev/console 2>&1'
)
_GATE_FD, _INFO_FD, _OPTIONS_FD = 3, 4, 5
UMASK = 0o022
"""What programs begin with nearly everywhere. Ours is for our own files; under it, whatever a container makes
in a workspace could be read by nobody but the user."""

HANDLED = (
    *("SIGHUP", "SIGINT", "SIGQUIT", "SIGPIPE", "SIGXFSZ", "SIGTERM", "SIGCHLD", "SIGWINCH"),
    *("SIGTSTP", "SIGTTIN", "SIGTTOU"),
)
RUN_VARIABLE = "PARHELIA_RUN"
"""Names the run directory in the environment of every process that the shim starts itself."""


class Child:
    """The process that the shim started, and what it has told of itself.

    Args:
        pid: bubblewrap's monitor, or the command itself where there is no isolation.
        gate: socket to the gate; None where there is none.
        info: pipe on which bubblewrap names its init; None where there is none.
    """

    def __init__(self, pid: int, gate: int | None, info: int | None) -> None:
        self.pid = pid
        self.gate = gate
        self.info = info
        self._said = b""

    def read_info(self) -> int | None:
        """Read on of what bubblewrap tells of itself, which it writes in several pieces.

        Returns:
            The pid of the container's init; None as long as it is not known. `info` is None at the end.
        """
        if self.info is None:
            return None
        try:
            piece = system.read(self.info, 4096)
        except OSError:
            piece = b""
        self._said += piece
        whole = self._said.rstrip().endswith(b"}")
        if piece and not whole:
            return None
        system.close(self.info)
        self.info = None
        try:
            return int(loads(self._said.decode("ascii"))["child-pid"])
        except (ValueError, KeyError, TypeError):
            # It ended before it had an init.
            return None

    def somebody_waits(self) -> bool:
        """Say whether the command has come to the gate; blocks until it has or never will."""
        try:
            return self.gate is not None and bool(system.read(self.gate, 1))
        except OSError:
            return False

    def open_gate(self) -> None:
        """Let the command start."""
        if self.gate is not None:
            try:
                system.write(self.gate, b"\n")
            except OSError:
                # It was killed at the gate; its exit tells the rest.
                pass
            self.shut_gate()

    def shut_gate(self) -> None:
        """Let nobody through any more."""
        if self.gate is not None:
            system.close(self.gate)
            self.gate = None


def start(spec: Spec, directory: str, slave: int, kept: Kept) -> Child:
    """Start what the spec says on a terminal.

    Args:
        directory: the run directory.
        slave: the inner terminal, opened without making it our own.
        kept: the limits, made ready.
    """
    if not spec.launcher:
        # As another user it could not be put under limits by a program: that would be the agent's own, and not root's.
        command = spec.command if spec.user is not None else kept.before(spec.command)
        return _start_bare(spec, directory, command, slave, kept)
    command = kept.before(spec.command)
    gate, gate_inside = _socket.socketpair()
    info, info_inside = system.pipe2(system.O_CLOEXEC)
    options = _options(spec.options)
    argv = [
        *spec.launcher,
        *("--args", str(_OPTIONS_FD), "--info-fd", str(_INFO_FD), "--"),
        *("/bin/sh", "-c", GATE, "sh"),
        *command,
    ]
    inside = [slave, slave, slave, gate_inside.fileno(), info_inside, options]
    env = {"PATH": system.defpath, RUN_VARIABLE: directory}
    pid = _quickly(argv, env, inside, kept) or _carefully(argv, env, inside, kept)
    gate_inside.close()
    system.close(info_inside)
    system.close(options)
    return Child(pid, gate.detach(), info)


def _quickly(argv: list[str], env: dict[str, str], inside: list[int], kept: Kept) -> int | None:
    """Start a program without a copy of this process, which costs more than bubblewrap does.

    Returns:
        The process; None where it takes more than the C library does, or fails: then the other way tells why.
    """
    if kept.groups or kept.processors:
        return None
    try:
        # Of our own as well, as nothing of the user's belongs here; before the child, that it inherits this one.
        leave_session_keyring()
    except OSError:
        return None
    moved = _out_of_the_way(inside)
    before = system.umask(UMASK)
    try:
        return system.posix_spawn(
            argv[0],
            argv,
            env,
            file_actions=[(system.POSIX_SPAWN_DUP2, each, number) for number, each in enumerate(moved)],
            setsid=True,
            setsigdef=[getattr(signals, name) for name in HANDLED],
        )
    except (OSError, NotImplementedError):
        return None
    finally:
        system.umask(before)
        for each in moved:
            system.close(each)


def _carefully(argv: list[str], env: dict[str, str], inside: list[int], kept: Kept) -> int:
    """Start a program in a copy of this process, which enters its limits first and can say what it fails with."""
    parent = system.getpid()
    pid = system.fork()
    if pid == 0:
        try:
            _prepare(kept)
            _place(inside)
            leave_session_keyring()
            if system.getppid() == parent:
                system.execve(argv[0], argv, env)
        except BaseException as error:
            _complain(argv[0], error)
        system._exit(126)
    return pid


def _start_bare(spec: Spec, directory: str, command: list[str], slave: int, kept: Kept) -> Child:
    parent = system.getpid()
    pid = system.fork()
    if pid == 0:
        try:
            from parhelia_tui.core.shim.kinship import die_with_parent

            _prepare(kept)
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            _place([slave, slave, slave])
            system.chdir(system.fsencode(spec.directory))
            if spec.user is not None:
                from parhelia_tui.core.shim.agent_user import become

                become(spec.user, kept.rlimits)
            # After that, as another user's process would forget it.
            die_with_parent(signals.SIGKILL)
            # The shim may have died before the kernel was told to end us with it.
            if system.getppid() == parent:
                from os import execvpe

                execvpe(command[0], command, {**spec.env, RUN_VARIABLE: directory})
        except BaseException as error:
            _complain(command[0], error)
        system._exit(127)
    return Child(pid, None, None)


def _prepare(kept: Kept) -> None:
    """Make this process a session leader with the signals that programs expect, within its limits."""
    default_signals()
    system.umask(UMASK)
    system.setsid()
    kept.enter()


def default_signals() -> None:
    """Give the signals that this process, or tmux before it, ignores or catches their default meaning again.

    A shell hands on to its children what it finds ignored, so Ctrl+Z would stop nothing in the container.
    """
    signals.set_wakeup_fd(-1)
    for name in HANDLED:
        signals.signal(getattr(signals, name), signals.SIG_DFL)


def _place(descriptors: list[int]) -> None:
    """Put descriptors at 0, 1, 2 and on; all others close with exec."""
    for number, each in enumerate(_out_of_the_way(descriptors)):
        system.dup2(each, number)


def _out_of_the_way(descriptors: list[int]) -> list[int]:
    """Copy descriptors to where none of them lies in the place of another."""
    return [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 64) for each in descriptors]


def _options(options: list[str]) -> int:
    """Give a descriptor from which bubblewrap reads its options."""
    descriptor = system.memfd_create("options")
    data = b"".join(system.fsencode(option) + b"\0" for option in options)
    while data:
        data = data[system.write(descriptor, data) :]
    system.lseek(descriptor, 0, system.SEEK_SET)
    return descriptor


def _complain(program: str, error: BaseException) -> None:
    system.write(2, f"{program}: {error}\r\n".encode(sys.getfilesystemencoding(), "replace"))
