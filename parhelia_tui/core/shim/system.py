"""What the supervisor needs of the operating system, without the module `os`.

`os` builds a tree of abstract classes at each import, a tenth of a supervisor's start; the calls themselves are
in the part in C below it.
"""

from __future__ import annotations

import sys
from posix import *  # noqa: F403 (that is what this module is for)
from posix import X_OK, access, environ, stat
from posix import _exit as _exit

defpath = "/bin:/usr/bin"
SEEK_SET = 0


def fsencode(name: str) -> bytes:
    """Give the bytes of a name of a file, also of one that is no text."""
    return name.encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def program(name: str) -> str:
    """Say where a program is, looked for as this process was told; its bare name where it is nowhere."""
    folders = environ.get(b"PATH", b"/bin:/usr/bin").split(b":")
    places = [join(fsdecode(each), name) for each in folders]
    return next((each for each in places if access(each, X_OK)), name)


def fsdecode(name: bytes) -> str:
    """Give the name of a file as text, of which `fsencode` gives the bytes again."""
    return name.decode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


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
