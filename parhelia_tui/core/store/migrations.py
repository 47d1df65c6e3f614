"""Opening the store, and bringing it to the present form by the steps that are missing."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store.connection import connect, roll_back, translated
from parhelia_tui.core.store.steps import APPLICATION_ID, STEPS

SMALLEST_PAGE = 512


def version(connection: sqlite3.Connection) -> int:
    """Say at which step a database is."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def open_migrated(path: Path) -> sqlite3.Connection:
    """Open the database and bring it to the present form if it is not there yet.

    Raises:
        ParheliaError: E505 for a database of a newer Parhelia and E506 for one of something else, neither
            of which is touched; E500 when it cannot be opened, E507 when the disk is full.
    """
    try:
        # Created by us first, so that it is never readable by others, not even for a moment. An existing
        # one is not opened here: closing it would let go the locks that this process holds on it
        # (sqlite.org/howtocorrupt.html, 2.2).
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise _unusable(path, error) from error
    connection = connect(path)
    try:
        check_form(connection, path)
        if version(connection) != len(STEPS) or _journal_mode(connection) != "wal":
            migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def check_form(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not ours to change.

    Raises:
        ParheliaError: E505 when the database is newer than this program, E506 when it is another program's.
    """
    connection.execute("BEGIN")
    try:
        # One moment of the file: another process may be making it just now.
        mark = int(connection.execute("PRAGMA application_id").fetchone()[0])
        found = version(connection)
        tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        size = path.stat().st_size
    finally:
        roll_back(connection)
    # A file that was created a moment ago has no mark and no table. SQLite would also take a file that is
    # shorter than its header for a fresh one, and write over it.
    if mark != APPLICATION_ID and (mark or found or tables or 0 < size < SMALLEST_PAGE):
        raise ParheliaError("E506", f"{path} is not a store of Parhelia")
    if mark == APPLICATION_ID and found > len(STEPS):
        raise ParheliaError(
            "E505",
            f"{path} is at step {found}; this Parhelia knows {len(STEPS)}",
            details={"found": found, "known": len(STEPS)},
        )


def migrate(connection: sqlite3.Connection, path: Path) -> list[int]:
    """Apply the steps that are missing, one transaction each, under a file lock.

    Args:
        connection: the open database.
        path: the database's path; the lock lies beside it.

    Returns:
        The numbers of the steps that were applied here; another process may have done them meanwhile.

    Raises:
        ParheliaError: E505, E506 as `check_form`; E500, E504, E507 when it cannot be written.
    """
    try:
        lock = os.open(f"{path}.migrate", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check_form(connection, path)
        # A property of the file, so it is set once, and under the lock: two processes that switch a fresh
        # file at the same moment are answered with "database is locked" at once.
        if _journal_mode(connection) != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        return _apply(connection)
    except sqlite3.Error as error:
        # sqlite-utils may go past our cursors.
        raise translated(error, path) from error
    finally:
        os.close(lock)


def _apply(connection: sqlite3.Connection) -> list[int]:
    found = version(connection)
    if found == len(STEPS):
        return []
    # Imported here: 60 ms that nobody pays whose database is already in form.
    from sqlite_utils import Database

    database = Database(connection, execute_plugins=False)
    for number in range(found, len(STEPS)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            STEPS[number](database)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise
    return list(range(found + 1, len(STEPS) + 1))


def _journal_mode(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def _unusable(path: Path, error: OSError) -> ParheliaError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ParheliaError("E507", f"{path} could not be made: the disk is full")
    return ParheliaError("E500", f"{path} cannot be opened: {error.strerror}")
