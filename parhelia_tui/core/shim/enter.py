"""A further session: the process of a pane that works inside a running container."""

import fcntl
import json
import os
import signal
import termios

from parhelia_tui.core.shim import namespaces, terminal
from parhelia_tui.core.shim.join import ask
from parhelia_tui.core.shim.relay import relay
from parhelia_tui.core.shim.spec import PID, read_spec

FAILED = 126


def enter(directory: str, name: str, command: list[str]) -> int:
    """Run a command in the container's namespaces on a terminal of its own, and copy to this pane.

    Args:
        directory: the container's run directory.
        name: the session's name, for the spool.
        command: program and arguments, inside.

    Returns:
        The command's exit code.
    """
    spec = read_spec(directory)
    with open(os.path.join(directory, PID), "rb") as file:
        first = int(json.load(file)["first_pid"])
    master, slave = os.openpty()
    rows, columns = terminal.size_of(0) or (spec["rows"], spec["columns"])
    terminal.set_size(master, rows, columns)
    pid = os.fork()
    if pid == 0:
        os.close(master)
        _inside(spec, first, slave, command)
    os.close(slave)
    _tell(spec, {"op": "session_started", "name": name})
    status: list[int] = []

    def ended() -> bool:
        if not status:
            gone, how = os.waitpid(pid, os.WNOHANG)
            if gone:
                status.append(how)
        return bool(status)

    signal.signal(signal.SIGHUP, lambda *_: os.kill(pid, signal.SIGKILL))
    relay(master, master, lambda rows, columns: terminal.set_size(master, rows, columns), ended)
    if not status:
        # The pane is gone; what ran in it gets the hang-up of its terminal and, if that is not enough, the end.
        os.close(master)
        os.kill(pid, signal.SIGTERM)
        status.append(os.waitpid(pid, 0)[1])
    code = os.waitstatus_to_exitcode(status[0])
    code = 128 - code if code < 0 else code
    _tell(spec, {"op": "session_ended", "name": name, "exit_code": code})
    return code


def _inside(spec: dict, first: int, slave: int, command: list[str]) -> None:  # type: ignore[type-arg]
    """Join the container, fork into its pid namespace and hand the exit code on; does not return."""
    try:
        namespaces.die_with_parent(signal.SIGKILL)
        for path in spec["join_groups"]:
            with open(path, "w", encoding="ascii") as file:
                file.write("0")
        if spec["processors"] is not None:
            os.sched_setaffinity(0, spec["processors"])
        if spec["sandboxed"]:
            namespaces.enter(first)
        child = os.fork()
        if child == 0:
            namespaces.die_with_parent(signal.SIGKILL)
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(slave, descriptor)
            if spec["sandboxed"]:
                namespaces.drop_privileges()
            os.chdir(spec["inner_cwd"])
            _execute(command, spec["inner_env"])
        os.close(slave)
        # What is asked of this one is asked of the command.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGHUP))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(128 - code if code < 0 else code)
    except OSError as error:
        os.write(slave, f"parhelia: {command[0]}: {error.strerror or error}\r\n".encode())
    finally:
        os._exit(FAILED)


def _execute(command: list[str], env: dict[str, str]) -> None:
    """Search PATH and execute; `os.execvpe` would import a module, and none can be found from in here.

    Raises:
        OSError: the last reason why it could not be executed.
    """
    name = command[0]
    places = [name] if "/" in name else [f"{each}/{name}" for each in env["PATH"].split(":")]
    why = OSError(2, "No such file or directory")
    for place in places:
        try:
            os.execve(place, command, env)
        except OSError as error:
            # What is there but cannot be run says more than that it is not elsewhere.
            why = error if error.errno != 2 else why
    raise why


def _tell(spec: dict, request: dict) -> None:  # type: ignore[type-arg]
    try:
        ask(spec["shim_socket"], request)
    except (OSError, ValueError):
        # The shim is gone, and so the container; whoever reads its exit knows that its sessions ended.
        return
