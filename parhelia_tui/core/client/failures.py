"""Saying what went wrong below us in words of the catalogue."""

from __future__ import annotations

import errno
import os
import sqlite3

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.store.connection import translated

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def in_our_words(error: Exception) -> ParheliaError | None:
    """Translate an error of SQLite or of the system; None for what can only be a defect of ours."""
    if isinstance(error, ParheliaError):
        return error
    if isinstance(error, sqlite3.Error):
        return translated(error)
    if isinstance(error, OSError) and error.errno in (*_FULL, *_CLOSED, errno.EMFILE, errno.ENFILE):
        where = one_line(str(error.filename), 1000) if error.filename else "a file"
        code = "E507" if error.errno in _FULL else "E500"
        return ParheliaError(code, f"{where} cannot be used: {error.strerror}")
    if isinstance(error, FileNotFoundError) and not _is_somewhere():
        return ParheliaError(
            "E204", "the present directory is not there any more", recovery=("cd", "parhelia status")
        )
    return None


def _is_somewhere() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True
