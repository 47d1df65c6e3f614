"""Checking a workspace before a task is stored for it."""

from __future__ import annotations

import os
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths


def usable_workspace(text: str, paths: Paths) -> str:
    """Give the real path of a directory that a container may work on.

    Args:
        text: a path, also with `~`, relative to the working directory.
        paths: the state directory, which no workspace may show to a container.

    Raises:
        ParheliaError: E204 with the reason.
    """
    if not text or "\0" in text:
        raise ParheliaError("E204", "the workspace has no name")
    given = Path(text).expanduser()
    try:
        real = given.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        if isinstance(error, FileNotFoundError):
            why += "; if it is on another drive, mount that first"
        raise ParheliaError("E204", f"the workspace {text!r} cannot be used: {why}") from error
    if not real.is_dir():
        raise ParheliaError("E204", f"the workspace {text!r} is not a directory")
    if not os.access(real, os.R_OK | os.W_OK | os.X_OK):
        raise ParheliaError("E204", f"the workspace {text!r} cannot be read and written by this user")
    try:
        str(real).encode()
    except UnicodeEncodeError:
        raise ParheliaError("E204", f"the name of the workspace {text!r} is not UTF-8") from None
    home = Path.home().resolve()
    if real == Path("/") or real == home or real in home.parents:
        raise ParheliaError(
            "E204",
            f"the workspace {str(real)!r} would show your whole home to the container",
            recovery=("cd PROJECT", "parhelia task create --workspace PROJECT PROMPT"),
        )
    state = paths.home.resolve()
    inside = state in real.parents and paths.workspaces.resolve() not in real.parents
    if real == state or real in state.parents or inside:
        raise ParheliaError(
            "E204", f"the workspace {str(real)!r} holds or lies in Parhelia's own state directory"
        )
    return str(real)
