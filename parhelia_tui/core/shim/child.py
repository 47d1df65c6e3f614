"""Starting the container's first process on a terminal of its own."""

import fcntl
import os
import resource
import termios

from parhelia_tui.core.shim.spec import ARGS_FD, STATUS_FD


def start(spec: dict, slave: int, status: int) -> int:  # type: ignore[type-arg]
    """Fork and execute what the spec says; gives the pid of bubblewrap (or of the command, without it).

    Args:
        spec: the content of spec.json.
        slave: the terminal's inner end, which becomes standard input, output and error.
        status: where bubblewrap writes its status; stays open in the child.
    """
    options = _readable(spec["options"])
    numbers = {STATUS_FD: str(status), ARGS_FD: str(options)}
    argv = [numbers.get(word, word) for word in spec["argv"]]
    pid = os.fork()
    if pid:
        os.close(options)
        return pid
    try:
        # A session without a terminal: Ctrl+C typed inside must never reach bubblewrap, only the session that
        # the command opens for itself with `setsid --ctty`.
        os.setsid()
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
        if not spec["sandboxed"]:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        for path in spec["join_groups"]:
            with open(path, "w", encoding="ascii") as file:
                file.write("0")
        if spec["processors"] is not None:
            os.sched_setaffinity(0, spec["processors"])
        for number, limit in spec["rlimits"]:
            resource.setrlimit(number, (limit, limit))
        for descriptor in (status, options):
            os.set_inheritable(descriptor, True)
        os.chdir(spec["cwd"])
        os.execve(argv[0], argv, spec["env"])
    except OSError as error:
        os.write(2, f"parhelia: {argv[0]}: {error.strerror}\r\n".encode())
    finally:
        os._exit(126)


def _readable(options: list[str]) -> int:
    """Give a descriptor from which bubblewrap reads its options.

    On its command line they would tell the container, in /proc/1/cmdline, where things lie on this machine.
    """
    memory = os.memfd_create("options", os.MFD_CLOEXEC)
    os.write(memory, b"".join(os.fsencode(word) + b"\0" for word in options))
    os.lseek(memory, 0, os.SEEK_SET)
    return memory
