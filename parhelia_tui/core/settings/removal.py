"""Removing a tree in which a container may have put anything."""

from __future__ import annotations

import contextlib
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any


def remove_tree(place: Path) -> None:
    """Remove a tree; rights that were taken away are taken back, and a link is never followed.

    Nothing is raised for what stays: the caller looks, where it counts. What made the tree must have ended, so that
    nothing changes under our hands.
    """
    try:
        shutil.rmtree(place, onerror=_open_up)
    except RecursionError:
        _remove_deep(place)


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
