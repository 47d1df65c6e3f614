"""Files and directories made out of a tree, below a directory descriptor, without following a link anywhere."""

from __future__ import annotations

import errno
import os
import queue
import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from parhelia_tui.core.checkpoints.coding import NOTHING, damaged
from parhelia_tui.core.checkpoints.files import CREATE, DEPTH_LIMIT, DIRECTORY, descriptor, write_all
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.progress import Teller
from parhelia_tui.core.checkpoints.scan import open_below

_WORKERS = 2
_UNSUPPORTED = (errno.ENOTSUP, errno.EPERM, errno.EACCES)


@dataclass(slots=True)
class Built:
    """What was made.

    Attributes:
        files: names of files and symbolic links.
        bytes: what they hold.
        lost: paths whose attributes or owner this file system does not take, with the reason.
        skipped: what the checkpoint does not have, with the reason.
    """

    files: int = 0
    bytes: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class Builder:
    """Makes what entries say.

    Args:
        objects: where it comes from.
        teller: is told how many files were made.
        total: how many there will be, for the teller.
        durable: each file is brought to the disk before the next.
    """

    def __init__(self, objects: Objects, teller: Teller, total: int = 0, *, durable: bool = False) -> None:
        self._durable = durable
        self._objects = objects
        self._teller = teller
        self._total = total
        self._first: dict[int, tuple[str, str]] = {}
        self._links: list[tuple[str, str, str, str]] = []
        self._folders: list[tuple[str, Entry]] = []
        self._queue: queue.Queue[tuple[str, list[Entry]] | None] = queue.Queue()
        self._failure: BaseException | None = None
        self.built = Built()

    def fill(self, opened: int, top: Entry) -> None:
        """Fill an empty directory and give it what `top` says.

        Args:
            opened: its descriptor; nobody else writes below it.

        Raises:
            ParheliaError: E600 when something is missing or damaged.
            OSError: when something cannot be made.
        """
        self._folders.append(("", top))
        self._run(opened, lambda: self._folder(opened, "", top, 0))

    def make_all(self, opened: int, entries: Sequence[Entry]) -> None:
        """Make files and directories, each with all that is in it, in an empty directory.

        Args:
            opened: its descriptor; nobody else writes below it.
            entries: no two with one name. Those that share a `link` become one file.

        Raises:
            ParheliaError: E600 when something is missing or damaged.
            OSError: when something cannot be made.
        """
        self._run(opened, lambda: self._entries(opened, "", entries, 0))

    def _run(self, opened: int, walk: Callable[[], None]) -> None:
        threads = [
            threading.Thread(
                target=self._work, args=(opened,), name=f"checkpoint-build-{number}", daemon=True
            )
            for number in range(_WORKERS)
        ]
        for thread in threads:
            thread.start()
        try:
            walk()
        except BaseException as error:
            self._failure = self._failure or error
        finally:
            for _ in threads:
                self._queue.put(None)
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure
        for from_path, from_name, path, name in self._links:
            link(opened, from_path, from_name, path, name)
        for path, entry in reversed(self._folders):
            with descriptor(open_below(opened, path)) as inside:
                if why := dress(inside, entry):
                    self.built.lost[path] = why

    def _folder(self, opened: int, path: str, entry: Entry, depth: int) -> None:
        listing = self._objects.listing(entry.content)
        for name, reason in listing.skipped.items():
            self.built.skipped[f"{path}/{name}" if path else name] = reason
        self._entries(opened, path, listing.entries(), depth)

    def _entries(self, opened: int, path: str, entries: Sequence[Entry], depth: int) -> None:
        if self._failure is not None or depth > DEPTH_LIMIT:
            raise self._failure or damaged("directories lie too deep within each other")
        files: list[Entry] = []
        deeper: list[Entry] = []
        for each in entries:
            if each.is_directory:
                deeper.append(each)
                continue
            self.built.files += 1
            self.built.bytes += each.size
            if each.link is not None:
                if each.link in self._first:
                    self._links.append((*self._first[each.link], path, each.name))
                    continue
                self._first[each.link] = (path, each.name)
            files.append(each)
        if files:
            self._queue.put((path, files))
        self._teller.tell("restoring", self.built.files, self._total)
        for each in deeper:
            below = f"{path}/{each.name}" if path else each.name
            os.mkdir(each.name, 0o700, dir_fd=opened)
            self._folders.append((below, each))
            with descriptor(os.open(each.name, DIRECTORY, dir_fd=opened)) as inside:
                self._folder(inside, below, each, depth + 1)

    def _work(self, top: int) -> None:
        objects = self._objects.sibling()
        try:
            while (job := self._queue.get()) is not None:
                if self._failure is None:
                    path, entries = job
                    with descriptor(open_below(top, path)) as inside:
                        for each in entries:
                            if why := make(objects, inside, each.name, each, durable=self._durable):
                                self.built.lost[f"{path}/{each.name}" if path else each.name] = why
        except BaseException as error:
            self._failure = self._failure or error
            # The others and the walk look at `_failure`; what waits is taken out so that nobody waits for room.
            while self._queue.get() is not None:
                pass
        finally:
            objects.close()


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
    hole = False
    for piece in objects.pieces(entry.content, entry.size, chunked=True):
        if hole := piece[1] == NOTHING:
            os.lseek(file, piece[0], os.SEEK_CUR)
        else:
            write_all(file, objects.piece(piece))
    if hole:
        os.ftruncate(file, entry.size)


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
