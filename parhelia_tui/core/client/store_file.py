"""The file of the store, for who looks after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from parhelia_tui.core.client.opening import Opened
from parhelia_tui.core.store.migrations import version

if TYPE_CHECKING:
    from parhelia_tui.core.store.maintenance import Statistics


class StoreFile(Opened):
    """Checks, counts and copies the store."""

    def store_version(self) -> int:
        """Bring the store to the present form and say at which step it is. Raises E505, E506."""
        return version(self._db)

    def check_store(self) -> list[str]:
        """Say what is wrong with the store's file; nothing when it is sound."""
        from parhelia_tui.core.store.maintenance import check

        return check(self.paths.database)

    def store_statistics(self) -> Statistics:
        """Count the rows and bytes of the store's file. Raises E500, E505, E506."""
        from parhelia_tui.core.store.maintenance import statistics

        return statistics(self.paths.database)

    def backup_store(self, target: str, progress: Callable[[int, int], None] | None = None) -> None:
        """Copy the store to a file while it is in use.

        Args:
            progress: called with pages copied and pages in all.

        Raises:
            ParheliaError: E101 when the target exists, E507 when the disk is full, E500, E505, E506.
        """
        from parhelia_tui.core.store.maintenance import backup

        backup(self.paths.database, Path(target), progress)
