"""The kernel's notes that something changed in a directory (inotify(7)), where Python can ask for them."""

from __future__ import annotations

import os

_FLAGS = 0x2 | 0x8 | 0x80 | 0x100
"""IN_MODIFY, IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE (sys/inotify.h)."""


class Notes:
    """Wakes whoever waits for a change of a directory.

    Args:
        directory: made if it is not there.
    """

    def __init__(self, directory: str) -> None:
        self.descriptors: list[int] = []
        try:
            os.makedirs(directory, exist_ok=True)
            import ctypes

            library = ctypes.CDLL(None)
            descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if descriptor >= 0:
                if library.inotify_add_watch(descriptor, os.fsencode(directory), _FLAGS) < 0:
                    # The user's watches have run out.
                    os.close(descriptor)
                else:
                    self.descriptors.append(descriptor)
        except (OSError, ImportError, AttributeError):
            # Then it is looked at now and then.
            pass

    def clear(self) -> None:
        """Take what was noted."""
        for descriptor in self.descriptors:
            try:
                while os.read(descriptor, 65536):
                    pass
            except OSError:
                # There is no more.
                pass
