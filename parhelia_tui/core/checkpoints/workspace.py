"""The top of a workspace: how it is opened, and what it keeps out of its checkpoints."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from parhelia_tui.core.checkpoints.bounds import NAMES_LIMIT
from parhelia_tui.core.checkpoints.files import descriptor, read_whole
from parhelia_tui.core.checkpoints.ignore import FILE, FILE_LIMIT, Rules
from parhelia_tui.core.model.errors import ParheliaError

STAGING = ".parhelia-rollback-"
"""A rollback works in a directory of this name at the top of a workspace; no checkpoint has it."""


def too_many() -> ParheliaError:
    """Make the error for a workspace that is more than a checkpoint may hold."""
    return ParheliaError(
        "E600",
        f"The workspace has more than {NAMES_LIMIT:,} names; leave out what need not be kept, in {FILE}.",
        details={"most": NAMES_LIMIT},
    )


def open_workspace(source: Path) -> AbstractContextManager[int]:
    """Open the top of a workspace; the way to it is the user's and may have symbolic links.

    Raises:
        ParheliaError: E204 when it cannot be opened.
    """
    try:
        return descriptor(os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        raise ParheliaError(
            "E204",
            f"The workspace cannot be opened: {error.strerror}.",
            details={"workspace": os.fsencode(source).decode("utf-8", "backslashreplace")},
        ) from error


def workspace_rules(opened: int, ignore: Sequence[str]) -> Rules:
    """Give the rules for exclusion of a workspace: the caller's, then those of its own file."""
    try:
        data = read_whole(opened, FILE, FILE_LIMIT)
    except OSError:
        # Not there, no file or far too long: then it has none.
        data = b""
    return Rules([*ignore, *os.fsdecode(data).split("\n")])
