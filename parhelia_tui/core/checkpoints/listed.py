"""What one look into a directory gives: its names, and what the kernel knows of each."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import islice

from parhelia_tui.core.checkpoints.bounds import NAMES_LIMIT
from parhelia_tui.core.checkpoints.folder import keys


@dataclass(slots=True)
class Listed:
    """A directory as it was at one moment.

    Attributes:
        own: of the directory itself, from before it was listed.
        at_ns: when it was listed, in nanoseconds since the epoch.
        found: its names in the order of the kernel.
        seen: what was known of each.
        names: the same names as bytes.
        keys: the keys of all of them.
    """

    own: os.stat_result
    at_ns: int
    found: list[str]
    seen: list[os.stat_result]
    names: list[bytes]
    keys: bytes


def listed(opened: int) -> Listed:
    """List a directory.

    Args:
        opened: its descriptor.

    Raises:
        OSError: it cannot be listed, or one of its names cannot be looked at.
    """
    seen: list[os.stat_result] = []
    names: list[str] = []
    own = os.fstat(opened)
    at_ns = time.time_ns()
    with os.scandir(opened) as found:
        # One name more than a workspace may have tells whoever asked.
        for each in islice(found, NAMES_LIMIT + 1):
            try:
                status = each.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            names.append(each.name)
            seen.append(status)
    encoded = os.fsencode("\0".join(names)).split(b"\0") if names else []
    return Listed(own, at_ns, names, seen, encoded, keys(seen))
