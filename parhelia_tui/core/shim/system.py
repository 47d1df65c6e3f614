"""What the supervisor needs of the operating system, without the module `os`.

`os` builds a tree of abstract classes at each import, a tenth of a supervisor's start; the calls themselves are
in the part in C below it.
"""

from __future__ import annotations

import sys
from posix import *  # noqa: F403 (that is what this module is for)
from posix import _exit as _exit
from posix import stat

defpath = "/bin:/usr/bin"
SEEK_SET = 0


def fsencode(name: str) -> bytes:
    """Give the bytes of a name of a file, also of one that is no text."""
    return name.encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def join(directory: str, name: str) -> str:
    """Give the path of a name in a directory."""
    return name if name.startswith("/") else f"{directory}/{name}"


def exists(path: str) -> bool:
    """Say whether there is a file."""
    try:
        stat(path)
    except (OSError, ValueError):
        return False
    return True
