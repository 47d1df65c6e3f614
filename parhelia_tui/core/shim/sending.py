"""What is fetched from a sandbox: workspace and home of its agent, as an archive.

The agent may be at work while they are read, and may swap what is there at any moment. So they are read as its user,
who reaches nothing else, and what is not there any more, or cannot be read, is left out.
"""

from __future__ import annotations

import gzip
import os
import stat
import sys
import tarfile
from typing import Any, BinaryIO

from parhelia_tui.core.shim import elsewhere
from parhelia_tui.core.shim.agent_user import become

TOO_MUCH = 6
LEVEL = 1
"""Of compression: a line is slower than that, and a processor costs money."""


def send(most: int) -> int:
    """Write workspace and home of the agent to standard output.

    Args:
        most: bytes of files that are taken there.

    Returns:
        0; 6 where there are more, and then not all was written.

    Raises:
        OSError: this process cannot become the agent's user.
    """
    become(elsewhere.AGENT_ID)
    room = Room(most)
    try:
        with (
            gzip.GzipFile(fileobj=sys.stdout.buffer, mode="wb", compresslevel=LEVEL) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            for place in (elsewhere.WORKSPACE, elsewhere.HOME):
                add_tree(archive, place, room)
    except TooMuch:
        return TOO_MUCH
    sys.stdout.flush()
    return 0


class TooMuch(Exception):
    """There is more than is taken."""


class Room:
    """How much is taken.

    Args:
        most: bytes of files.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, size: int) -> None:
        """Take a file of so many bytes, before it is read: one that is nearly all holes has any number of them.

        Raises:
            TooMuch: there is no room for it.
        """
        self._left -= size
        if self._left < 0:
            raise TooMuch


def add_tree(archive: tarfile.TarFile, top: str, room: Room) -> None:
    """Add a tree, each directory before what is in it; what cannot be read is named on standard error.

    Args:
        archive: open for writing.
        top: whose names are those of the archive.
        room: what of it is taken.

    Raises:
        TooMuch: it is more.
    """
    # A list and not a call for each level: a tree may be deeper than calls can be.
    places = [top]
    while places:
        place = places.pop()
        try:
            places += _add(archive, place, room)
        except OSError as error:
            sys.stderr.write(f"left out: {place}: {error.strerror}\n")


def _add(archive: tarfile.TarFile, place: str, room: Room) -> list[str]:
    """Add one thing, and give what is in it, the last name first; sockets, pipes and devices are left out."""
    # It keeps all that it has written, and nobody asks for it.
    archive.members.clear()  # type: ignore[attr-defined]
    mode, name = os.lstat(place).st_mode, place.lstrip("/")
    if stat.S_ISREG(mode):
        with _open(place) as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                entry = archive.gettarinfo(arcname=name, fileobj=file)
                # Each name counts, as it does where it arrives.
                room.take(entry.size or os.fstat(file.fileno()).st_size)
                # Of a file it wants `read` alone, which the types do not say.
                archive.addfile(entry, _Filled(file) if entry.isreg() else None)  # type: ignore[arg-type]
    elif stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
        inside = sorted(os.listdir(place), reverse=True) if stat.S_ISDIR(mode) else []
        # None for a socket, which the types leave out.
        seen: Any = archive.gettarinfo(place, name)
        # It is looked at once more for that: a file by now would have a head and nothing after it.
        if seen is not None and (seen.isdir() or seen.issym()):
            archive.addfile(seen)
            return [os.path.join(place, each) for each in inside] if seen.isdir() else []
    return []


def _open(place: str) -> BinaryIO:
    """Open what its name stands for now, if that is no link; a pipe must not be waited for."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(place, flags), "rb")
    except PermissionError:
        return _open_shut(place, flags & ~os.O_NOFOLLOW)


def _open_shut(place: str, flags: int) -> BinaryIO:
    """Open what its owner has shut for himself too, and leave it as it was."""
    handle = os.open(place, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        here, mode = f"/proc/self/fd/{handle}", stat.S_IMODE(os.fstat(handle).st_mode)
        os.chmod(here, mode | stat.S_IRUSR)
        try:
            return os.fdopen(os.open(here, flags), "rb")
        finally:
            os.chmod(here, mode)
    finally:
        os.close(handle)


class _Filled:
    """A file as long as it was when its head was written: what it has lost since, or cannot be read, is zeros."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """Give so many bytes."""
        try:
            data = self._file.read(size)
        except OSError:
            data = b""
        return data.ljust(size, b"\0")
