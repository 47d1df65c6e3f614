"""How much one checkpoint may hold: a workspace is the agent's, and a store may come from somebody else.

A few directories of a store that name each other ten times stand for more names than there is time for, without any of
them being big.
"""

from __future__ import annotations

from parhelia_tui.core.checkpoints.coding import damaged

DEPTH_LIMIT = 400
"""Directories within directories: each costs a descriptor while the walk is in it, and 1,024 are usual."""

NAMES_LIMIT = 1 << 22
"""Names of one workspace: each costs some 600 bytes of memory while it is taken."""


class Counted:
    """Counts the names that a walk over stored directories meets.

    Args:
        sides: how many trees it walks over.
    """

    def __init__(self, sides: int = 1) -> None:
        self._left = sides * NAMES_LIMIT

    def go(self, names: int, depth: int) -> None:
        """Go into a directory.

        Args:
            names: how many it has.
            depth: how many directories it lies in.

        Raises:
            ParheliaError: E600 when no capture can have made so many names, or gone so deep.
        """
        self._left -= names
        if self._left < 0:
            raise damaged(f"a checkpoint has more than {NAMES_LIMIT:,} names")
        if depth > DEPTH_LIMIT:
            raise damaged("directories lie too deep within each other")
