"""One file or symbolic link of a workspace taken into its folder."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.content import NotAFile, take_file
from parhelia_tui.core.checkpoints.folder import Folder
from parhelia_tui.core.checkpoints.hasher import Hasher
from parhelia_tui.core.checkpoints.manifest import Entry

_TICK_NS = 20_000_000
"""The kernel's clock for files goes in steps of up to 10 ms: a change within one step can leave no trace in stat."""

COARSE_NS = 2_000_000_000
"""Some file systems count whole seconds, or two."""

UNREADABLE = "permission denied"

TOLD_EVERY = 4 << 20
"""Bytes between two words of how much was read."""


def _untold(read: int) -> None:
    """Nobody asks how much was read."""


class Taker:
    """Takes names one by one.

    Args:
        hasher: takes what is read.
    """

    def __init__(self, hasher: Hasher, told: Callable[[int], None] = _untold) -> None:
        self._hasher = hasher
        self._told = told
        self._untold_bytes = 0
        self.unsettled: dict[str, set[str]] = {}
        """Directories, with the names in them that did not stand still."""

    def take(
        self, opened: int, path: str, name: str, status: os.stat_result, into: Folder
    ) -> os.stat_result | None:
        """Read a file or a symbolic link into a folder; None when it is not there to be read.

        Args:
            opened: descriptor of the directory, and `path` its path.
            status: lstat of the name.
            into: gets its entry, or why there is none.
        """
        assert into.entries is not None
        try:
            if stat.S_ISLNK(status.st_mode):
                target = os.readlink(name, dir_fd=opened)
                entry = Entry(
                    name,
                    status.st_mode,
                    status.st_mtime_ns,
                    status.st_size,
                    status.st_uid,
                    status.st_gid,
                    NOTHING,
                    target,
                )
            else:
                entry, status, still = take_file(self._hasher, opened, name, status)
                if not still:
                    self.unsettled.setdefault(path, set()).add(name)
        except PermissionError:
            into.skipped[name] = UNREADABLE
            return None
        except NotAFile:
            self.unsettled.setdefault(path, set()).add(name)
            return None
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINVAL):
                self.unsettled.setdefault(path, set()).add(name)
            elif error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT):
                raise
            else:
                into.skipped[name] = f"cannot be read ({error.strerror})"
            return None
        into.entries[name] = entry
        into.files += 1
        into.size += entry.size
        self._untold_bytes += entry.size
        if self._untold_bytes >= TOLD_EVERY:
            self._told(self._untold_bytes)
            self._untold_bytes = 0
        if status.st_nlink > 1:
            into.links[name] = status.st_ino
        return status


def fresh(changed_ns: int, now_ns: int) -> bool:
    """Say whether a change after `now` could have left this same time of change."""
    tick = _TICK_NS if changed_ns % 1_000_000_000 else COARSE_NS
    return changed_ns + tick > now_ns
