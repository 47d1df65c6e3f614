"""One copy of the small files of /etc that containers see, shared by all of them and changed by none.

Bubblewrap reads the whole list of mounts again for each thing that it binds, so a mount for every file took a
third of its time. The copy is made anew when this machine's files change; who runs keeps the one it has.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from parhelia_tui.core.backends.local import etc
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.shim import spec

_FORM = "1"
"""Raised when the same files are to be copied in another way."""
LOOKED_FOR_S = 5.0
"""How long a look at this machine's /etc is good for; one takes 1 ms."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What to show as /etc.

    Args:
        path: the copy.
        large: what is not in it but has a place in it, by its path on this machine.
    """

    path: Path
    large: tuple[Path, ...]

    def live(self, network: bool) -> tuple[Path, ...]:
        """What to show in the copy as it is: all that is large, or without a network what is of use then."""
        return tuple(path for path in self.large if network or path.name not in etc.FOR_NAMES)


_looks: dict[Path, tuple[float, Copy]] = {}


def shared(place: Path, containers: Path, root: Path = Path("/etc")) -> Copy:
    """Give the copy of this machine's /etc as it was at most `LOOKED_FOR_S` seconds ago.

    Args:
        place: below which the copies lie.
        containers: the run directories, whose specs name the copies that are in use.
        root: this machine's /etc.

    Raises:
        OSError: the disk is full, or the place cannot be used.
    """
    now = time.monotonic()
    at, seen = _looks.get(place, (now, None))
    if seen is not None and now - at < LOOKED_FOR_S and seen.path.is_dir():
        return seen
    small, large = etc.small(root), tuple(etc.large(root))
    copy = Copy(place / _fingerprint(small, large), large)
    if not copy.path.is_dir():
        _forget_unused(place, containers)
        _make(small, copy, root)
    _looks[place] = (now, copy)
    return copy


def _fingerprint(small: Sequence[Path], large: Sequence[Path]) -> str:
    places = [(str(path), path.is_dir()) for path in large]
    known = blake2b(repr((_FORM, etc.ACCOUNTS, places)).encode(errors="surrogateescape"), digest_size=12)
    for source in small:
        # What cannot be read or is gone by now is not copied either.
        with contextlib.suppress(OSError):
            for line in _entries(source):
                known.update(line.encode(errors="surrogateescape"))
    return known.hexdigest()


def _entries(source: Path) -> Iterator[str]:
    """What changes when a file or something in a tree does."""
    seen = source.stat()
    yield f"{source} {seen.st_mode} {seen.st_size} {seen.st_mtime_ns}\n"
    if source.is_dir():
        yield from _below(str(source))


def _below(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            # Of a link the time of its making tells where it points to.
            seen = entry.stat(follow_symlinks=False)
            yield f"{entry.path} {seen.st_mode} {seen.st_size} {seen.st_mtime_ns}\n"
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)


def _make(small: Sequence[Path], copy: Copy, root: Path) -> None:
    """Copy everything, and give it its name when it is whole."""
    unfinished = private_directory(copy.path.with_name(f".new-{os.getpid()}"))
    try:
        for source in small:
            etc.copy(source, unfinished / source.relative_to(root))
        for name, text in etc.ACCOUNTS.items():
            etc.write(unfinished / name, text)
        for path in (*copy.large, *(root / name for name in etc.OWN)):
            etc.place_for(path, unfinished / path.relative_to(root))
        unfinished.chmod(0o755)
        unfinished.rename(copy.path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _forget_unused(place: Path, containers: Path) -> None:
    """Remove the copies that no container was made with."""
    with contextlib.suppress(FileNotFoundError):
        old = list(place.iterdir())
        if not old:
            return
        used = "".join(_specs(containers))
        for each in old:
            if each.name not in used:
                shutil.rmtree(each, ignore_errors=True)


def _specs(containers: Path) -> Iterator[str]:
    for path in containers.glob(f"*/{spec.NAME}"):
        with contextlib.suppress(OSError):
            yield path.read_text("ascii")
