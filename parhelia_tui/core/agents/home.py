"""The agent's home directory, from outside and as it is seen inside."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError

INSIDE = "/home/agent"
"""Where a container shows the home. `$HOME` is no way to say it: a task's environment may set that."""


def put(home: Path, name: str, text: str) -> None:
    """Write a file into a home, whole or not at all; one of that name is replaced, not followed.

    A home may be prepared a second time while its container runs already, and what runs there may have put a
    link in the file's place. A rename replaces the link itself, so nothing outside is ever written.

    Args:
        name: directly in the home; a directory below it could be a link as well.

    Raises:
        ParheliaError: E507 when the disk is full, E602 when it cannot be written for another reason.
    """
    draft = f"{name}.{secrets.token_hex(8)}"
    try:
        directory = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _write_new(directory, draft, text)
            os.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
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


def _write_new(directory: int, name: str, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(name, flags, 0o600, dir_fd=directory)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
        file.write(text)


def _remove(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        # It was never made.
        return
