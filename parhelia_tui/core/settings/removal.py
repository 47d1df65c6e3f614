"""Removing a tree in which a container may have put anything."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.text import one_line


def remove_tree(place: Path) -> None:
    """Remove a tree; rights that were taken away are taken back, and a link is never followed.

    Nothing is raised for what stays: the caller looks, where it counts. What made the tree must have ended, so that
    nothing changes under our hands.
    """
    with contextlib.suppress(RecursionError):
        shutil.rmtree(place, onerror=_open_up)
    # Also where a descriptor for each level was more than there are.
    if place.is_symlink() or place.exists():
        _remove_deep(place)


def remove_below(name: str, within: int) -> None:
    """Remove a directory below an open one, however deep; no link is followed, though its maker may be at work still.

    Raises:
        OSError: when it cannot be removed.
    """
    try:
        shutil.rmtree(name, dir_fd=within)
    except (OSError, RecursionError):
        # Also where a descriptor for each level was more than there are. `rm` walks by descriptors too.
        place = f"/proc/{os.getpid()}/fd/{within}/{name}"
        done = subprocess.run(
            ["rm", "-rf", "--", place],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            raise OSError(errno.ENOTEMPTY, one_line(done.stderr, 300) or "it could not be removed") from None


def _open_up(act: Callable[..., Any], name: str, _: object) -> None:
    """Try again after taking the rights that a container took away from its directories."""
    with contextlib.suppress(OSError):
        for path in (Path(name).parent, Path(name)):
            if stat.S_ISDIR(path.lstat().st_mode):
                path.chmod(0o700)
        if Path(name).is_dir() and not Path(name).is_symlink():
            shutil.rmtree(name, ignore_errors=True)
        else:
            Path(name).unlink(missing_ok=True)


def _remove_deep(place: Path) -> None:
    """Remove what is deeper than calls can be, as it is for `shutil` before Python 3.13, by programs that walk."""
    for words in (("chmod", "-R", "u+rwX"), ("rm", "-rf")):
        subprocess.run([*words, "--", str(place)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
