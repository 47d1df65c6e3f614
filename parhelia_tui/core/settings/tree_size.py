"""How much lies below a directory in which a container may have made anything."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


def size_below(place: Path, most: int = sys.maxsize) -> int:
    """Count the bytes of all files below a directory, as far as they can be seen; a link is not followed.

    Args:
        most: bytes beyond which it does not matter how many there are, so that counting stops.
    """
    total = 0
    # A list and not a call for each level: the tree may be deeper than calls can be.
    waiting = [os.fspath(place)]
    while waiting and total <= most:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total
