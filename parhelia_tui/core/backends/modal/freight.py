"""What goes up into a sandbox and comes down from it, as archives."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gzip
import io
import logging
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from parhelia_tui.core.backends.modal.provider import RUN
from parhelia_tui.core.backends.modal.trouble import TooMuch
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Mount
from parhelia_tui.core.settings.removal import remove_tree
from parhelia_tui.core.settings.tree_size import size_below

MOUNTS_MOST = 32 * 1024 * 1024
"""Bytes of files of this machine that an agent may need beside its workspace."""
NAMES_MOST = 4_194_304
"""Files, directories and links that come down together, as many as a checkpoint holds."""
_LEVEL = 1
# AT_FDCWD and RENAME_EXCHANGE.
_HERE, _EXCHANGE = -100, 2
_UNNAMEABLE = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})
NEVER = _UNNAMEABLE | {errno.EFBIG, errno.ELOOP}
"""What a file system here says of what it can hold at no time; what has a bad name alone is left out."""

Change = Callable[[tarfile.TarInfo], tarfile.TarInfo | None]

logger = logging.getLogger("parhelia.controller.modal")


def pack(
    target: Path,
    *,
    workspace: Path | None,
    home: Path,
    mounts: Sequence[Mount],
    run_files: Mapping[str, str],
    without: Sequence[str] = (),
) -> None:
    """Write the archive that a sandbox unpacks below its root.

    Args:
        workspace: None for one that goes another way.
        mounts: checked by `check_mounts`.
        run_files: texts for its run directory, by name.
        without: names below the home that go another way.

    Raises:
        OSError: the disk is full.
    """
    left_out = {f"home/agent/{name}" for name in without}
    with _packed(target) as archive:
        for name, mode in ((RUN, 0o711), (f"{RUN}/agent", 0o711), (f"{RUN}/ssh", 0o700)):
            _folder(archive, name, mode)
        if workspace is not None:
            _add(archive, workspace, "workspace")
        _add(archive, home, "home/agent", lambda entry: None if entry.name in left_out else entry)
        _add_mounts(archive, mounts)
        for name, text in run_files.items():
            # What lies beside the socket is for the agent, which is another user.
            _text(archive, f"{RUN}/{name}", text, 0o644 if name.startswith("agent/") else 0o600)


def pack_workspace(target: Path, workspace: Path) -> None:
    """Write the archive of a workspace alone. Raises OSError: the disk is full."""
    with _packed(target) as archive:
        _add(archive, workspace, "workspace")


def pack_carried(target: Path, home: Path, names: Sequence[str]) -> None:
    """Write the archive of parts of a home; the same parts make the same archive. Raises OSError."""
    with _packed(target) as archive:
        for name in names:
            _add(archive, home / name, f"home/agent/{name}", _undated)


def pack_mounts(target: Path, mounts: Sequence[Mount]) -> None:
    """Write the archive of what an agent needs of this machine; the same makes the same archive. Raises OSError."""
    with _packed(target) as archive:
        _add_mounts(archive, mounts)


def check_mounts(mounts: Sequence[Mount]) -> None:
    """Refuse what of this machine cannot be brought to a sandbox. Raises E603."""
    for mount in mounts:
        if mount.writable or size_of(mount.source, MOUNTS_MOST) > MOUNTS_MOST:
            why = (
                "it is to be written here" if mount.writable else f"it has more than {MOUNTS_MOST >> 20} MiB"
            )
            raise ParheliaError(
                "E603",
                f"{mount.source} of this machine cannot be brought to a sandbox: {why}",
                recovery=("parhelia task create --backend local", "parhelia doctor"),
            )


@contextmanager
def _packed(target: Path) -> Iterator[tarfile.TarFile]:
    with (
        target.open("wb") as raw,
        # Without a name and a time, which would make two of the same differ.
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as archive,
    ):
        yield archive


def _add_mounts(archive: tarfile.TarFile, mounts: Sequence[Mount]) -> None:
    for mount in mounts:
        _add(archive, mount.source, mount.target.lstrip("/"), _readable)


def _add(archive: tarfile.TarFile, top: Path, name: str, change: Change = lambda entry: entry) -> None:
    """Add a tree, each directory before what is in it.

    Args:
        change: of each entry; None leaves it out with all that is in it.

    Raises:
        OSError: it cannot be read, or the disk is full.
    """
    # A list and not a call for each level, as `TarFile.add` makes: an agent may have made a tree deeper than calls can be.
    waiting = [(os.fspath(top), name)]
    while waiting:
        place, called = waiting.pop()
        kept: list[tarfile.TarInfo | None] = []

        def look(entry: tarfile.TarInfo, kept: list[tarfile.TarInfo | None] = kept) -> tarfile.TarInfo | None:
            kept.append(change(entry))
            return kept[-1]

        archive.add(place, called, recursive=False, filter=look)
        if any(entry is not None and entry.isdir() for entry in kept):
            names = sorted(os.listdir(place), reverse=True)  # noqa: PTH208 - of text, as everything here
            waiting += [(f"{place}/{each}", f"{called}/{each}") for each in names]


def _undated(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """As it is, but for what says when and by whom it was written."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


def is_large(workspace: Path, most: int) -> bool:
    """Say whether a workspace has more bytes than so many."""
    return size_of(workspace, most) > most


def unpack(source: Path, targets: Mapping[str, Path], most: int) -> None:
    """Unpack what a sandbox sent. The sender is not trusted.

    Files, directories and links are made below fresh directories, never through a link, without rights beyond the
    owner's own; devices and the like are left out, and so is what has a name that cannot be had here.

    Args:
        targets: fresh directories by the first words of the names, as `workspace`.
        most: bytes altogether.

    Raises:
        ParheliaError: E503 for an archive that is none, E507 for too much or too many.
        OSError: the disk is full.
    """
    left = most
    try:
        with tarfile.open(source, "r:gz") as archive:
            for number, member in enumerate(archive, 1):
                # It keeps all that it has seen, and an agent's names cost it next to nothing.
                archive.members.clear()  # type: ignore[attr-defined]
                if number > NAMES_MOST:
                    raise ParheliaError("E507", f"a sandbox sends more than {NAMES_MOST:,} names")
                place = _place(member.name, targets)
                if place is None:
                    continue
                # Another name of a file becomes a file of its own, so a few bytes may ask for many.
                other = _place(member.linkname, targets) if member.islnk() else None
                left -= member.size if other is None else _length(other)
                if left < 0:
                    raise TooMuch(most)
                try:
                    _put(archive, member, place, targets)
                except OSError as error:
                    if error.errno not in _UNNAMEABLE:
                        raise
                    logger.warning("a file of a sandbox cannot be named here: %s", error)
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise ParheliaError("E503", f"what the sandbox sent cannot be read: {error}") from error


def swap(fresh: Path, place: Path) -> None:
    """Put a fresh directory in the place of another; where the file system can, there is one at every moment."""
    if not place.exists():
        fresh.rename(place)
        return
    if not _exchange(fresh, place):
        old = place.with_name(place.name + ".old")
        remove_tree(old)
        place.rename(old)
        fresh.rename(place)
        remove_tree(old)
    remove_tree(fresh)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two directories in one step (renameat2(2)); False where that cannot be had, as by NFS."""
    try:
        call = ctypes.CDLL(None).renameat2
    except AttributeError:
        return False
    return bool(call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def _place(name: str, targets: Mapping[str, Path]) -> Path | None:
    path = PurePosixPath(name)
    for first, target in targets.items():
        if path.is_relative_to(first):
            rest = path.relative_to(first)
            if ".." in rest.parts or rest.is_absolute():
                return None
            return target / rest
    return None


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path, targets: Mapping[str, Path]) -> None:
    top = place in targets.values()
    if not top and not _is_real(place.parent, targets):
        return
    if member.isdir():
        if not stat.S_ISDIR(_mode(place)):
            if os.path.lexists(place):
                # A link, which `mkdir` and `chmod` would follow.
                return
            place.mkdir()
        place.chmod((member.mode & 0o777) | 0o700)
    elif os.path.lexists(place):
        return
    elif member.issym():
        place.symlink_to(member.linkname)
    elif member.islnk():
        other = _place(member.linkname, targets)
        if other is not None and _is_real(other.parent, targets) and stat.S_ISREG(_mode(other)):
            shutil.copy(other, place, follow_symlinks=False)
    elif member.isreg():
        content = archive.extractfile(member)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(place, flags, 0o600), "wb") as file:
            if content is not None:
                shutil.copyfileobj(content, file, 1 << 20)
            os.fchmod(file.fileno(), (member.mode & 0o777) | 0o600)
        with contextlib.suppress(OverflowError, OSError):
            # A time that nobody here can write is no reason to lose all that was worked out.
            os.utime(place, (member.mtime, member.mtime))


def _is_real(folder: Path, targets: Mapping[str, Path]) -> bool:
    """Say whether a directory below a target is reached through directories alone."""
    while True:
        if not stat.S_ISDIR(_mode(folder)):
            return False
        if folder in targets.values():
            return True
        folder = folder.parent


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _length(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def size_of(place: Path, most: int) -> int:
    """Bytes below a place, 0 for none; counting stops once it is too much."""
    if not place.is_dir():
        return place.stat().st_size if place.exists() else 0
    return size_below(place, most)


def _readable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The agent may read it, and nobody but root may change it."""
    _undated(entry)
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def _folder(archive: tarfile.TarFile, name: str, mode: int) -> None:
    entry = tarfile.TarInfo(name.lstrip("/"))
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    archive.addfile(entry)


def _text(archive: tarfile.TarFile, name: str, text: str, mode: int) -> None:
    data = text.encode("utf-8", "surrogateescape")
    entry = tarfile.TarInfo(name.lstrip("/"))
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))
