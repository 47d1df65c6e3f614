"""The shim's entry: `run DIR` holds a container, `join DIR` and `enter DIR NAME -- CMD` are panes of it."""

import fcntl
import os
import sys

from parhelia_tui.core.shim import spec as form


def main() -> None:
    """Do what the arguments say; the exit code is 0, or that of the command for `enter`."""
    mode, directory, *rest = sys.argv[1:]
    os.umask(0o077)
    if mode == "run":
        _run(directory)
    elif mode == "join":
        from parhelia_tui.core.shim.join import join

        sys.exit(join(directory))
    elif mode == "enter":
        from parhelia_tui.core.shim.enter import enter

        sys.exit(enter(directory, rest[0], rest[2:]))
    else:
        sys.exit(f"unknown mode {mode}")


def _run(directory: str) -> None:
    os.chdir(directory)
    lock = os.open(form.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Another shim holds this container. Asking for the same thing twice starts it once.
        return
    if os.path.exists(form.SPOOL) or os.path.exists(form.EXIT):
        return
    from parhelia_tui.core.shim.spool import Spool
    from parhelia_tui.core.shim.supervisor import Supervisor

    spec = form.read_spec(directory)
    spool = Spool(form.SPOOL, spec["container_id"], spec["wake_socket"])
    Supervisor(directory, spec, spool).run()
