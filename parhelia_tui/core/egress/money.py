"""The book of money, asked without holding up the streams: SQLite works in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from parhelia_tui.core.meter.book import open_book

T = TypeVar("T")


class Money:
    """One connection to the book and the one thread that may use it.

    Args:
        path: of meter.db.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="money")
        self._db: sqlite3.Connection | None = None
        self._own = 0

    async def version(self) -> tuple[int, int]:
        """Give what differs when anybody has changed the book; 3 microseconds, and no lock."""
        seen = await self.ask(lambda db: int(db.execute("PRAGMA data_version").fetchone()[0]))
        return seen, self._own

    async def ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the book.

        Raises:
            ParheliaError: as the book's functions.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    async def ask_surely(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same, to its end also when who asks is cancelled; what was spent must be booked."""
        self._own += 1
        return await asyncio.shield(asyncio.ensure_future(self.ask(work)))

    async def close(self) -> None:
        """Finish what was asked, and let the book go."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    @staticmethod
    def now() -> float:
        """Epoch seconds."""
        return time.time()

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._db is None:
            self._db = open_book(self._path)
        return work(self._db)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
