"""The store of checkpoints of one state directory: packs, trees, stat caches, and the lock that gc needs alone."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from parhelia_tui.core.checkpoints.coding import damaged
from parhelia_tui.core.checkpoints.files import (
    DIRECTORY,
    descriptor,
    directory,
    let_walk_deep,
    read_whole,
    write_durably,
)
from parhelia_tui.core.checkpoints.index import Index
from parhelia_tui.core.checkpoints.objects import Objects
from parhelia_tui.core.checkpoints.tree import Tree, decode_tree, encode_tree
from parhelia_tui.core.model.errors import ParheliaError

if TYPE_CHECKING:
    from parhelia_tui.core.checkpoints.stat_cache import Remembered

_TREE_NAME = re.compile(r"[0-9a-f]{64}")
_TREE_LIMIT = 1 << 20
LOCK_WAIT_S = 120.0
"""Longer than gc of a big store takes; a capture waits this long for it."""


class Repository:
    """A store; several processes may use one at once.

    Layout of `root`: `packs/NAME.pack` (objects), `trees/NAME` (what makes a checkpoint exist), `stat/KEY` (what a
    capture remembers of a workspace; may be deleted), `lock` (shared by all who use objects, alone for gc).

    Args:
        root: made when it is not there, with permissions for the user alone.

    Raises:
        ParheliaError: E600 when it cannot be made or opened.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        let_walk_deep()
        with reporting("open the checkpoint store"):
            for each in (root, root / "packs", root / "trees", root / "stat"):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in ("packs", "trees", "stat"):
                # In a store of somebody else, a link would have clean-up remove files where it leads.
                if not stat.S_ISDIR((root / name).lstat().st_mode):
                    raise damaged(f"{name} is no directory")
            self.packs = os.open(root / "packs", DIRECTORY)
        self.objects = Objects(self.packs, Index(self.packs))
        self.remembered: Remembered | None = None
        """What the last capture by this process saw, for the next one."""

    def close(self) -> None:
        """Give back the descriptors."""
        self.objects.close()
        os.close(self.packs)

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def locked(self, *, alone: bool = False, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
        """Hold the lock: no object goes away while it is held; alone, nobody else uses any.

        Raises:
            ParheliaError: E600 when it is not free in time.
        """
        with reporting("lock the checkpoint store"):
            opened = os.open(
                self.root / "lock",
                os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                0o600,
            )
        with descriptor(opened) as file:
            how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
            end = time.monotonic() + wait_s
            pause = 0.002
            while True:
                try:
                    fcntl.flock(file, how | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise ParheliaError(
                            "E600",
                            "The checkpoint store is in use by others for too long; try again.",
                            details={"waited_s": wait_s},
                        ) from None
                # flock(2) that waits has no deadline but by a signal, and that belongs to the whole process.
                time.sleep(pause)
                pause = min(0.05, pause * 1.5)
            # Whoever had it alone may have moved everything.
            self.objects.refresh()
            yield

    def trees(self) -> list[str]:
        """Give the names of all trees, in order."""
        return sorted(name for name in os.listdir(self.root / "trees") if _TREE_NAME.fullmatch(name))

    def has_tree(self, name: str) -> bool:
        """Say whether a tree is there."""
        return _TREE_NAME.fullmatch(name) is not None and (self.root / "trees" / name).is_file()

    def tree(self, name: str) -> Tree:
        """Read a tree.

        Raises:
            ParheliaError: E600 when it is not there or damaged.
        """
        if not _TREE_NAME.fullmatch(name):
            raise ParheliaError("E600", "This is no name of a stored tree.", details={"tree": name[:80]})
        try:
            with directory(str(self.root / "trees")) as trees:
                data = read_whole(trees, name, _TREE_LIMIT)
        except FileNotFoundError as error:
            raise ParheliaError(
                "E600",
                "The content of this checkpoint is not in the store.",
                details={"tree": name, "missing": True},
            ) from error
        except OSError as error:
            raise damaged(f"tree {name} cannot be read ({error.strerror})") from error
        return decode_tree(name, data)

    def publish(self, tree: Tree) -> None:
        """Make a tree exist; what it names is in published packs already."""
        if not self.has_tree(tree.name):
            with directory(str(self.root / "trees")) as trees:
                write_durably(trees, tree.name, encode_tree(tree))
        else:
            # It counts as young again for gc: somebody is about to record it.
            os.utime(self.root / "trees" / tree.name)


@contextmanager
def reporting(what: str) -> Iterator[None]:
    """Turn errors of the system into E600 with what to do; `what` follows "could not".

    Raises:
        ParheliaError: E600.
    """
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else (error.strerror or str(error))
        raise ParheliaError(
            "E600",
            f"Could not {what}: {why}.",
            details={"disk_full": full, "errno": error.errno or 0, "path": _printable(error.filename)},
            recovery=("df -h", "parhelia doctor") if full else None,
        ) from error


def _printable(path: object) -> str | None:
    return None if path is None else os.fsencode(str(path)).decode("utf-8", "backslashreplace")
