"""One file, link or directory made as an entry says, below a directory descriptor."""

from __future__ import annotations

import errno
import os
import stat

from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.files import CREATE, descriptor, open_below, write_all
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.objects import Objects

_PAGE = bytes(4096)
_UNSUPPORTED = (errno.ENOTSUP, errno.EPERM, errno.EACCES)


def make(objects: Objects, within: int, name: str, entry: Entry, *, durable: bool) -> str:
    """Make a file or a symbolic link that is not there yet.

    Args:
        within: descriptor of the directory.
        name: in it; the entry's own may be another one.
        durable: bring it to the disk.

    Returns:
        What could not be given to it, empty for nothing.

    Raises:
        ParheliaError: E600 when its content is missing or damaged.
        OSError: when it cannot be made.
    """
    if entry.target is not None:
        os.symlink(entry.target, name, dir_fd=within)
        return _dress_link(within, name, entry)
    with descriptor(os.open(name, CREATE, 0o600, dir_fd=within)) as file:
        if entry.chunked:
            _write_pieces(objects, file, entry)
        elif entry.size:
            write_all(file, objects.piece((entry.size, entry.content)))
        lost = dress(file, entry)
        if durable:
            os.fsync(file)
        return lost


def _write_pieces(objects: Objects, file: int, entry: Entry) -> None:
    for piece in objects.pieces(entry.content, entry.size, chunked=True):
        if piece[1] == NOTHING:
            os.lseek(file, piece[0], os.SEEK_CUR)
        else:
            _write_sparsely(file, objects.piece(piece))
    # What ends in a hole has not its length yet.
    os.ftruncate(file, entry.size)


def _write_sparsely(file: int, data: bytes) -> None:
    """Write a piece, and leave out pages without anything: else a file of few pages far apart would fill the disk."""
    if _PAGE not in data:
        write_all(file, data)
        return
    view, size, written = memoryview(data), len(data), 0
    for at in range(0, size, len(_PAGE)):
        if data.startswith(_PAGE, at):
            write_all(file, view[written:at])
            written = at + len(_PAGE)
            os.lseek(file, len(_PAGE), os.SEEK_CUR)
    write_all(file, view[written:])


def dress(file: int, entry: Entry) -> str:
    """Give an open file or directory its attributes, owner, permissions and time.

    Returns:
        What it does not take, empty for nothing.
    """
    lost = ""
    wanted = entry.xattrs
    for key, value in wanted.items():
        try:
            os.setxattr(file, key, value)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            lost = f"attribute {key}: {error.strerror}"
    if os.geteuid() == 0:
        # Before the permissions: a change of the owner takes set-user-id away.
        os.fchown(file, entry.uid, entry.gid)
    os.fchmod(file, stat.S_IMODE(entry.mode))
    os.utime(file, ns=(entry.mtime, entry.mtime))
    return lost


def _dress_link(within: int, name: str, entry: Entry) -> str:
    if os.geteuid() == 0:
        os.chown(name, entry.uid, entry.gid, dir_fd=within, follow_symlinks=False)
    os.utime(name, ns=(entry.mtime, entry.mtime), dir_fd=within, follow_symlinks=False)
    return ""


def link(opened: int, path: str, name: str, other_path: str, other_name: str) -> None:
    """Give a file another name; both directories are given by their paths below `opened`."""
    with (
        descriptor(open_below(opened, path)) as old,
        descriptor(open_below(opened, other_path)) as new,
    ):
        os.link(name, other_name, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)
