"""What changes while a workspace is read: inotify, see inotify(7)."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Mapping

_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_Q_OVERFLOW, _IGNORED, _ONLYDIR = 0x4000, 0x8000, 0x1000000
_MASK = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _ONLYDIR
_EVENT = struct.Struct("iIII")


class Watch:
    """Watches directories, each by itself. `complete` turns False for good when something may have gone unseen."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._add_watch = libc.inotify_add_watch
        self._add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
        self._file: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self.complete = self._file >= 0
        self.paths: dict[int, str] = {}
        """The number of each watch with its path."""
        self._touched: dict[str, set[str]] = {}
        self._strange: dict[int, set[str]] = {}
        self._reads = True

    def close(self) -> None:
        """Watch nothing any more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def add(self, opened: int, path: str) -> None:
        """Watch a directory from now on.

        Args:
            opened: its descriptor, so that no name is resolved anew.
            path: under which `touched` tells of it.
        """
        # The descriptor's link in /proc is the only way in without a path that somebody may have changed.
        self._add(b"/proc/self/fd/%d" % opened, path)

    def add_here(self, path: str) -> None:
        """Watch the working directory from now on; a third of the cost of `add`."""
        self._add(b".", path)

    def _add(self, way: bytes, path: str) -> None:
        if not self.complete:
            return
        number = self._add_watch(self._file, way, _MASK)
        if number < 0:
            # ENOSPC: the user's watches have run out. Any other error leaves the same gap.
            self.complete = False
            return
        self.paths[number] = path
        if self._reads and not len(self.paths) % 256:
            self._read()

    def shared(self) -> Watch:
        """Give the same to a copy of this process: it may add directories, and reads nothing of what is told."""
        made = Watch.__new__(Watch)
        made._add_watch, made._file, made.complete = self._add_watch, self._file, self.complete
        made.paths, made._touched, made._strange, made._reads = {}, {}, {}, False
        return made

    def adopt(self, paths: Mapping[int, str], *, complete: bool) -> None:
        """Take over what a copy of this process added.

        Args:
            paths: by number.
            complete: whether it could add all that it should.
        """
        self.complete = self.complete and complete
        self._read()
        self.paths.update(paths)
        for number in self._strange.keys() & paths.keys():
            self._touched.setdefault(paths[number], set()).update(self._strange.pop(number))

    def touched(self) -> Mapping[str, set[str]]:
        """Give and forget what was touched: directories, with the names in them (none: the directory itself)."""
        self._read()
        found, self._touched = self._touched, {}
        return found

    def _read(self) -> None:
        while self._file >= 0:
            try:
                data = os.read(self._file, 1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.EINTR:
                    continue
                self.complete = False
                return
            at = 0
            while at < len(data):
                number, mask, _, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size
                name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
                at += length
                if mask & _Q_OVERFLOW:
                    self.complete = False
                elif not mask & _IGNORED:
                    path = self.paths.get(number)
                    # Without a path: a copy of this process has added it and will tell where it is.
                    names = (
                        self._touched.setdefault(path, set())
                        if path is not None
                        else self._strange.setdefault(number, set())
                    )
                    if name:
                        names.add(name)
