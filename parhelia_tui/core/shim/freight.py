"""What is brought into a sandbox and fetched from it: archives over standard input and output."""

from __future__ import annotations

import fcntl
import gzip
import os
import sys
import tarfile

from parhelia_tui.core.shim import elsewhere, spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

LEVEL = 1
"""Of compression: a line is slower than that, and a processor costs money."""
ALREADY = 5


def receive(directory: str) -> int:
    """Unpack what comes on standard input below `/`; the spec is put in its place last.

    Args:
        directory: the run directory, whose `spec.json.new` is among what comes.

    Returns:
        0; 5 when a container was brought already, and nothing was changed.
    """
    elsewhere.make(directory)
    with open(os.path.join(directory, "receiving"), "a+", encoding="ascii") as lock:
        _take(lock)
        if os.path.exists(os.path.join(directory, spec.NAME)):
            return ALREADY
        os.umask(0o022)
        with tarfile.open(fileobj=sys.stdin.buffer, mode="r|gz") as archive:
            archive.extractall("/", filter="fully_trusted") if hasattr(
                tarfile, "fully_trusted_filter"
            ) else archive.extractall("/")
        for place in (elsewhere.WORKSPACE, elsewhere.HOME):
            _give(place)
        new = os.path.join(directory, spec.NAME + ".new")
        os.rename(new, os.path.join(directory, spec.NAME))
    return 0


def _take(lock: IO[str]) -> None:
    """Be the one who receives. Who was at it before waits for a sender that has died; a living one is here now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        earlier = lock.read().strip()
        if earlier.isdigit():
            try:
                os.kill(int(earlier), 9)
            except ProcessLookupError:
                pass
        fcntl.flock(lock, fcntl.LOCK_EX)
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()


def send() -> int:
    """Write workspace and home of the agent to standard output.

    Returns:
        0.
    """
    with (
        gzip.GzipFile(fileobj=sys.stdout.buffer, mode="wb", compresslevel=LEVEL) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        for place in (elsewhere.WORKSPACE, elsewhere.HOME):
            _add(archive, place)
    sys.stdout.flush()
    return 0


def _add(archive: tarfile.TarFile, place: str) -> None:
    """Add a tree; what goes away or cannot be read meanwhile is left out."""
    try:
        archive.add(place, place.lstrip("/"), recursive=False)
        names = sorted(os.listdir(place)) if not os.path.islink(place) and os.path.isdir(place) else ()
    except FileNotFoundError:
        return
    for name in names:
        _add(archive, os.path.join(place, name))


def _give(place: str) -> None:
    """Give a tree to the agent."""
    os.makedirs(place, exist_ok=True)
    try:
        os.chown(place, elsewhere.AGENT_ID, elsewhere.AGENT_ID)
        for top, folders, files in os.walk(place):
            for name in (*folders, *files):
                os.chown(
                    os.path.join(top, name), elsewhere.AGENT_ID, elsewhere.AGENT_ID, follow_symlinks=False
                )
    except OSError as error:
        if error.errno != 22:
            raise
        # A user namespace of one id alone: there is nobody else to give it to.
