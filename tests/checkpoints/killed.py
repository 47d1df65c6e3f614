"""Run one operation of the engine and kill this process, as `kill -9` does, before its Nth touch of the file system.

`python killed.py N OPERATION STORE ARGUMENT...`; with N = 0 nothing is killed and the number of touches is printed.
The interpreter's own audit events tell of them: opening, renaming, linking, removing, changing times and permissions.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.collect import collect
from parhelia_tui.core.checkpoints.recover import recover
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback

_TOUCHES = ("open", "os.", "shutil.", "fcntl.")


def main(at: int, operation: str, store: str, *arguments: str) -> None:
    """Do it; the arguments are those of the operation."""
    touches = 0
    lock = threading.Lock()

    def count(event: str, _: object) -> None:
        nonlocal touches
        # The kill tells of itself too.
        if event.startswith(_TOUCHES) and event != "os.kill":
            with lock:
                touches += 1
                if touches == at:
                    os.kill(os.getpid(), signal.SIGKILL)

    repository = Repository(Path(store))
    one, *rest = arguments
    sys.addaudithook(count)
    if operation == "capture":
        capture(repository, Path(one))
    elif operation == "restore":
        restore(repository, one, Path(rest[0]))
    elif operation == "rollback":
        rollback(repository, one, Path(rest[0]), Path(rest[1]))
    elif operation == "recover":
        recover(Path(one), Path(rest[0]))
    elif operation == "collect":
        collect(repository, [one], dead=rest, grace_s=0)
    print(touches)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
