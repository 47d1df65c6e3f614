"""Looking after the file of the store: whether it is sound, how large it is, and a copy of it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store.connection import connect, reading, translated
from parhelia_tui.core.store.migrations import check_form, version
from parhelia_tui.core.store.steps import STEPS

PIECE_PAGES = 256
"""Pages a step of a copy: 1 MiB, between two of which writers go on."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The store in numbers.

    Args:
        step, known: the step at which the database is, and the newest that this program knows.
        bytes: of the database's file.
        log_bytes: of the write-ahead log beside it.
        free_bytes: inside the file, for rows to come.
        rows: of each table.
    """

    step: int
    known: int
    bytes: int
    log_bytes: int
    free_bytes: int
    rows: dict[str, int]


def check(path: Path) -> list[str]:
    """Look for damage.

    Args:
        path: the database; it is read, never changed.

    Returns:
        A sentence for each fault, the first hundred; nothing when it is sound.

    Raises:
        ParheliaError: E506 when it is no database of ours, E505 when it is newer, E500 when it is not there.
    """
    faults: list[str] = []
    with closing(_open(path)) as connection:
        try:
            for (said,) in connection.execute("PRAGMA quick_check(100)"):
                if said != "ok":
                    faults.append(str(said))
            for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check"):
                row = f"row {rowid}" if rowid is not None else "a row"
                faults.append(f"{row} of {table} names a row of {parent} that is not there")
        except ParheliaError as error:
            # Damage that the check itself could not read past.
            faults.append(str(error.details.get("said", error.message)))
    return faults[:100]


def statistics(path: Path) -> Statistics:
    """Count rows and bytes. It reads every table, so it is for a command and not for a screen.

    Raises:
        ParheliaError: E506, E505, E500 as `check`.
    """
    from sqlite_utils import Database

    with closing(_open(path)) as connection, reading(connection):
        database = Database(connection, execute_plugins=False)
        names = sorted(name for name in database.table_names() if not name.startswith("sqlite_"))
        pages = {
            name: int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_size", "freelist_count")
        }
        return Statistics(
            step=version(connection),
            known=len(STEPS),
            bytes=path.stat().st_size,
            log_bytes=_size(path.with_name(path.name + "-wal")),
            free_bytes=pages["page_size"] * pages["freelist_count"],
            rows={name: database.table(name).count for name in names},
        )


def backup(path: Path, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Copy the store while others write to it; the copy is of one moment and whole, or is not there.

    Args:
        path: the database.
        target: a file that does not exist yet.
        progress: called with pages copied and pages in all.

    Raises:
        ParheliaError: E101 when the target exists or its directory does not, E507 when the disk is full,
            and as `check`.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    with closing(_open(path)) as source:
        try:
            if os.path.lexists(target):
                raise ParheliaError("E101", f"{target} exists already; nothing was written")
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise ParheliaError("E101", f"{target} cannot be made: {error.strerror}") from error
        try:
            _copy(source, draft, progress)
            _fsync(draft)
            # Not a rename: that would replace a file that somebody made meanwhile.
            os.link(draft, target)
            _fsync(target.parent)
        except FileExistsError as error:
            raise ParheliaError("E101", f"{target} exists already; nothing was written") from error
        except OSError as error:
            raise ParheliaError("E101", f"{target} cannot be made: {error.strerror}") from error
        except sqlite3.Error as error:
            raise translated(error, target) from error
        finally:
            draft.unlink()


def _copy(source: sqlite3.Connection, draft: Path, progress: Callable[[int, int], None] | None) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        # One reading transaction over all steps: without it each write of another process begins the copy
        # anew (sqlite.org/backup.html), and on a busy store it would never end.
        with reading(source):
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(
                copy,
                pages=PIECE_PAGES,
                progress=lambda _, left, whole: progress(whole - left, whole) if progress else None,
            )
        # A copy is one file: nothing of it stays in a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise ParheliaError("E500", f"there is no store at {path}")
    connection = connect(path)
    try:
        check_form(connection, path)
        connection.execute("PRAGMA query_only = ON")
    except ParheliaError:
        connection.close()
        raise
    return connection


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
