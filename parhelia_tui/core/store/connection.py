"""Opening the database, and the transactions that everything goes through."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.read_only import refuse_if_read_only

BUSY_TIMEOUT_MS = 10_000
"""How long SQLite itself waits for another writer. Ours hold the lock for some milliseconds."""


class Cursor(sqlite3.Cursor):
    """Says what fails in our words, so that no reader anywhere has to."""

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """As sqlite3's. Raises ParheliaError as `translated` says."""
        try:
            super().execute(sql, parameters)
        except sqlite3.Error as error:
            raise self._told(error) from error
        return self

    def executemany(self, sql: str, parameters: Any, /) -> Cursor:
        """As sqlite3's. Raises ParheliaError as `translated` says."""
        try:
            super().executemany(sql, parameters)
        except sqlite3.Error as error:
            raise self._told(error) from error
        return self

    def fetchone(self) -> Any:
        """As sqlite3's. Raises ParheliaError as `translated` says."""
        try:
            return super().fetchone()
        except sqlite3.Error as error:
            raise self._told(error) from error

    def fetchall(self) -> list[Any]:
        """As sqlite3's. Raises ParheliaError as `translated` says."""
        try:
            return super().fetchall()
        except sqlite3.Error as error:
            raise self._told(error) from error

    def __iter__(self) -> Any:
        # The rows at once: a generator in between would cost as much as reading them.
        return iter(self.fetchall())

    def _told(self, error: sqlite3.Error) -> ParheliaError:
        return translated(error, getattr(self.connection, "path", None))


class Connection(sqlite3.Connection):
    """One thread's connection; what fails on it is a ParheliaError.

    Args:
        path: of the database, for what is said of it.
    """

    path: Path

    # sqlite3 makes its own plain cursor in these two, whatever `cursor` would give.

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        """As sqlite3's. Raises ParheliaError as `translated` says."""
        return self.cursor(Cursor).execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Cursor:
        """As sqlite3's. Raises ParheliaError as `translated` says."""
        return self.cursor(Cursor).executemany(sql, parameters)


def connect(path: Path) -> sqlite3.Connection:
    """Open the database for one thread, as it is; `migrations.open_migrated` brings it into form too.

    The connection is in autocommit mode: transactions are opened by `writing` and by nothing else, since
    a deferred BEGIN that later writes is answered with "database is locked" at once, without waiting.

    Raises:
        ParheliaError: E506 when the file is no database, E500 when it cannot be opened.
    """
    connection = None
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, factory=Connection
        )
        connection.path = path
        connection.row_factory = sqlite3.Row
        # NORMAL loses nothing when a process is killed; what must survive a power cut uses `writing_durably`.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # A file is made and taken away again for each statement that may have to be undone halfway.
        connection.execute("PRAGMA temp_store = MEMORY")
        # Keeps the write-ahead log from growing without end after a burst.
        connection.execute("PRAGMA journal_size_limit = 16777216")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise translated(error, path) from error
    return connection


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Hold the write lock for one read-modify-write; all of it is stored or nothing.

    Raises:
        ParheliaError: E504 when another process held the lock too long, E507 when the disk is full, E401 in a
            read-only process.
    """
    refuse_if_read_only()
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """See one state of the database over several short queries."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        roll_back(connection)


def roll_back(connection: sqlite3.Connection) -> None:
    """Leave the transaction, if there is one; what failed before is what is told, not this."""
    # SQLite has already rolled back by itself after some errors (a full disk, for one).
    with suppress(ParheliaError):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def translated(error: sqlite3.Error, path: Path | None = None) -> ParheliaError:
    """Say an error of SQLite in our words."""
    name = getattr(error, "sqlite_errorname", "") or ""
    where = str(path) if path else "the store"
    details = {"sqlite": name, "said": str(error)}
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ParheliaError("E504", f"{where} is held by another process", details=details)
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return ParheliaError(
            "E507", f"{where} could not be written: the disk is full or failing", details=details
        )
    # A text that is none is damage too; Python says so itself, without a code of SQLite.
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or str(error).startswith("Could not decode"):
        return ParheliaError("E506", f"{where} is not a readable database", details=details)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return ParheliaError("E500", f"{where} cannot be opened for writing", details=details)
    return ParheliaError("E900", f"{where} failed: {error}", details=details)


@contextmanager
def writing_durably(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """As `writing`, and the commit also survives a power cut; for money and for how things ended.

    Costs one fsync of the log, about 0.2 ms on a local disk.
    """
    connection.execute("PRAGMA synchronous = FULL")
    try:
        with writing(connection) as tx:
            yield tx
    finally:
        connection.execute("PRAGMA synchronous = NORMAL")
