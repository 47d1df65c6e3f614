"""What lstat says of many names at once: their keys, for a third of what `os.lstat` costs.

A walk over 60,000 names that finds nothing new is little more than as many calls of lstat, and most of what `os.lstat`
costs is the object that it makes of the answer. Here the C library writes the answers one behind the other into a
buffer, and columns of that are compared.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from functools import cache
from operator import itemgetter

from parhelia_tui.core.checkpoints.folder import UNSURE, Key, key_of, pack

_SIZE = 144
"""Bytes of `struct stat` on x86-64; on ARM it has 128."""

_WORDS = (1, 6, 11, 12, 13, 14)
"""Where inode, size, mtime and ctime (seconds and nanoseconds each) are in it, in words of 8 bytes, on both."""

_STRIDE = _SIZE // 8
_ROOM = 512

_key = itemgetter(*_WORDS)


class Lstat:
    """Asks for names in the working directory. For one thread, and a file system is asked without letting others run."""

    def __init__(self) -> None:
        self._ask = ctypes.PyDLL(None).lstat
        self._make_room(_ROOM)

    def _make_room(self, count: int) -> None:
        self._buffer = ctypes.create_string_buffer(_SIZE * count)
        self._slots = [ctypes.byref(self._buffer, _SIZE * each) for each in range(count)]
        self._words = memoryview(self._buffer).cast("B").cast("q")

    def keys(self, names: Sequence[bytes]) -> bytes | None:
        """Give the keys of names as `Folder.keys` has them; None when one of them is not there."""
        count = len(names)
        if count > len(self._slots):
            self._make_room(2 * count)
        if any(map(self._ask, names, self._slots)):
            return None
        end, words = count * _STRIDE, self._words
        return b"".join([words[at:end:_STRIDE].tobytes() for at in _WORDS])

    def own(self) -> Key:
        """Give the key of the working directory."""
        if self._ask(b".", self._slots[0]):
            return UNSURE
        found: Key = _key(self._words)
        return found


class Slow:
    """The same where the C library is another one."""

    def keys(self, names: Sequence[bytes]) -> bytes | None:
        """Give the keys of names as `Folder.keys` has them; None when one of them is not there."""
        try:
            return pack([key_of(os.lstat(name)) for name in names])
        except OSError:
            return None

    def own(self) -> Key:
        """Give the key of the working directory."""
        return key_of(os.lstat("."))


@cache
def lstat() -> Lstat | Slow:
    """Give what asks, after a proof that its answers are those of `os.lstat`."""
    slow = Slow()
    try:
        fast = Lstat()
    except AttributeError:
        # The GNU C library has the name since 2.33.
        return slow
    names = [b"/", b"/proc/self/exe", b"/dev/null"]
    return fast if fast.keys(names) == slow.keys(names) else slow
