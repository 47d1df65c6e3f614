"""What a process that works on a checkpoint store keeps from one job to the next."""

from __future__ import annotations

import os
from pathlib import Path

from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.watch import Watch


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
        self.processes = len(os.sched_getaffinity(0))
        """How many processes may look for what changed: as many as run at once."""

        self._watches: list[Watch] = []

    def is_of(self, root: Path) -> bool:
        """Say whether this is the store that is there now: somebody may have put another in its place."""
        try:
            there = (root / "packs").stat()
        except OSError:
            return False
        mine = os.fstat(self.workspaces.packs)
        return root == self.root and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def end_watch(self, watch: Watch) -> None:
        """Take a watch that is not needed any more; `tidy` closes it."""
        self._watches.append(watch)

    def tidy(self) -> None:
        """Do what nobody has to wait for, after an answer."""
        while self._watches:
            self._watches.pop().close()

    def close(self) -> None:
        """Give back everything."""
        self.tidy()
        self.workspaces.close()
        self.talks.close()
