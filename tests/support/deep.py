"""A tree deeper than calls can be, as any program in a container makes one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parhelia_tui.core.settings.removal import remove_tree


@contextmanager
def deep(top: Path, levels: int, name: str = "d") -> Iterator[None]:
    """Let there be so many directories, each in the one before, below `top`, which is made too; all go afterwards."""
    top.mkdir()
    try:
        here = os.open(top, os.O_RDONLY)
        for _ in range(levels):
            os.mkdir(name, dir_fd=here)
            below = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        yield
    finally:
        # What removes temporary directories cannot.
        remove_tree(top)
