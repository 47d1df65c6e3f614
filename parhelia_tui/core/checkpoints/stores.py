"""What a process that works on a checkpoint store keeps from one job to the next."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from parhelia_tui.core.checkpoints.forked import processors
from parhelia_tui.core.checkpoints.repository import Repository


class Stores:
    """A store, opened twice: the agent's talk is taken while the workspace is.

    Args:
        root: of the checkpoint store.

    Raises:
        ParheliaError: E600 when it cannot be opened.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workspaces = Repository(root)
        self.talks = Repository(root)
        self.processes = processors()
        """How many processes may work on many files."""

        self._left: list[Callable[[], None]] = []

    def is_of(self, root: Path) -> bool:
        """Say whether this is the store that is there now: somebody may have put another in its place."""
        try:
            there = (root / "packs").stat()
        except OSError:
            return False
        mine = os.fstat(self.workspaces.packs)
        return root == self.root and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def later(self, act: Callable[[], None]) -> None:
        """Take something that nobody has to wait for; `tidy` does it."""
        self._left.append(act)

    def tidy(self) -> None:
        """Do what was left for after the answer."""
        while self._left:
            self._left.pop(0)()

    def close(self) -> None:
        """Give back everything."""
        self.tidy()
        self.workspaces.close()
        self.talks.close()
