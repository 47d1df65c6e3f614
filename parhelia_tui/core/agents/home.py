"""The agent's home directory, from outside and as it is seen inside."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.removal import remove_below

INSIDE = "/home/agent"
"""Where a container shows the home. `$HOME` is no way to say it: a task's environment may set that."""


def put(home: Path, name: str, content: str | bytes, mode: int = 0o600) -> None:
    """Write a file into a home, whole or not at all; one of that name is replaced, not followed.

    A home may be prepared a second time while its container runs already, and what ran there may have put a
    link in the place of the file or of a directory above it. A rename replaces the link itself, and each
    directory is opened without following one, so nothing outside is ever written.

    Args:
        name: below the home, with `/` between directories, which are made; a link in the place of one goes.

    Raises:
        ParheliaError: E507 when the disk is full, E602 when it cannot be written for another reason.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    *above, last = name.split("/")
    draft = f"{last[:200]}.{secrets.token_hex(8)}"
    try:
        directory = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for each in above:
                directory = _down(directory, each)
            try:
                _write_new(directory, draft, data, mode)
                os.rename(draft, last, src_dir_fd=directory, dst_dir_fd=directory)
            except OSError:
                _remove(directory, draft)
                raise
        finally:
            os.close(directory)
    except OSError as error:
        code = "E507" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "E602"
        raise ParheliaError(
            code, f"the home of the container cannot be written: {name}: {error.strerror}"
        ) from error


def clear(home: Path, name: str) -> None:
    """Remove a directory or a file below a home, if it is there, without following any link.

    Raises:
        ParheliaError: E602 when it cannot be removed.
    """
    *above, last = name.split("/")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        directory = os.open(home, flags)
        try:
            for each in above:
                below = os.open(each, flags, dir_fd=directory)
                os.close(directory)
                directory = below
            if stat.S_ISDIR(os.stat(last, dir_fd=directory, follow_symlinks=False).st_mode):
                remove_below(last, directory)
            else:
                os.unlink(last, dir_fd=directory)
        finally:
            os.close(directory)
    except OSError as error:
        # Nothing there, or a link in the place of a directory, behind which nothing is ours.
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
            return
        raise ParheliaError(
            "E602", f"the home of the container cannot be cleared: {name}: {error.strerror}"
        ) from error


def _down(directory: int, name: str) -> int:
    """Go into a directory, made if it is not there; closes the one before."""
    try:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        for again in (True, False):
            try:
                return os.open(name, flags, dir_fd=directory)
            except FileNotFoundError:
                os.mkdir(name, 0o700, dir_fd=directory)
            except OSError as error:
                if not again or error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
                os.unlink(name, dir_fd=directory)
                os.mkdir(name, 0o700, dir_fd=directory)
        return os.open(name, flags, dir_fd=directory)
    finally:
        os.close(directory)


def _write_new(directory: int, name: str, data: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(name, flags, mode, dir_fd=directory)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _remove(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        # It was never made.
        return
