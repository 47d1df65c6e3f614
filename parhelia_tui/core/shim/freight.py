"""What is brought into a sandbox: an archive, and what the volume holds of it."""

from __future__ import annotations

import io
import os

from parhelia_tui.core.shim import elsewhere, spec, untar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def unpack(directory: str, archive: Any) -> None:
    """Unpack an archive below `/`; the spec is put in its place last.

    Args:
        directory: the run directory, whose `spec.json.new` is among what comes.
        archive: has `read`.

    Raises:
        OSError, untar.BadArchive: it is none, or has no place.
    """
    before = os.umask(0o022)
    try:
        untar.extract(archive, "/")
        digest = os.path.join(directory, elsewhere.CARGO_DIGEST)
        if os.path.exists(digest):
            with open(digest, encoding="ascii") as told:
                _compare(_Pieces(elsewhere.CARGO), told.read())
            untar.extract(_Pieces(elsewhere.CARGO), "/")
    finally:
        os.umask(before)
    for place in (elsewhere.WORKSPACE, elsewhere.HOME):
        _give(place)
    os.rename(os.path.join(directory, spec.NAME + ".new"), os.path.join(directory, spec.NAME))


def _compare(pieces: _Pieces, digest: str) -> None:
    """Refuse what others may have written to. Nothing of it is unpacked before."""
    # The one start of a sandbox in many that needs it pays for its import.
    import hashlib

    seen = hashlib.sha256()
    while data := pieces.read(untar.PIECE):
        seen.update(data)
    if seen.hexdigest() != digest:
        raise untar.BadArchive("what the volume holds is not what was brought there")


class _Pieces:
    """Files that are read as one."""

    def __init__(self, directory: str) -> None:
        self._left = [os.path.join(directory, name) for name in sorted(os.listdir(directory), reverse=True)]
        self._open: io.FileIO | None = None

    def read(self, size: int) -> bytes:
        """Give at most so many bytes; none at the end."""
        while self._open is not None or self._left:
            if self._open is None:
                self._open = io.FileIO(self._left.pop())
            data = self._open.read(size)
            if data:
                return data
            self._open.close()
            self._open = None
        return b""


def _give(place: str) -> None:
    """Give a tree to the agent."""
    os.makedirs(place, exist_ok=True)
    try:
        os.chown(place, elsewhere.AGENT_ID, elsewhere.AGENT_ID)
        # A list and not a call for each level: a tree may be deeper than calls can be.
        waiting = [place]
        while waiting:
            for entry in os.scandir(waiting.pop()):
                os.chown(entry.path, elsewhere.AGENT_ID, elsewhere.AGENT_ID, follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    except OSError as error:
        if error.errno != 22:
            raise
        # A user namespace of one id alone: there is nobody else to give it to.
