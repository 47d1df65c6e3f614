"""meter.db: the book of what may be spent and what is, for every process that spends.

It is apart from the store, because money is asked for before each request, by one process for each container,
also when no controller lives. The controller copies what was spent into the store's ledger.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store.connection import connect, writing

NAME = "meter.db"
VERSION = 4
APPLICATION_ID = 0x50484D54
"""Marks the file (sqlite.org/pragma.html, application_id): "PHMT"."""

_ALLOWANCES = """CREATE TABLE allowances (
        container TEXT PRIMARY KEY,
        task TEXT NOT NULL,
        plan TEXT,
        group_task TEXT,
        day TEXT NOT NULL,
        number INTEGER NOT NULL DEFAULT 0,
        limit_nano INTEGER NOT NULL DEFAULT 0,
        spent_nano INTEGER NOT NULL DEFAULT 0,
        wanted_nano INTEGER NOT NULL DEFAULT 0,
        open_nano INTEGER NOT NULL DEFAULT 0,
        closed INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID"""
"""What meters of other machines may spend (allowance.py)."""

_SCHEMA = (
    # How much may be spent: `all`, `day` (each day), `plan:ID`, `task:ID`.
    """CREATE TABLE ceilings (
        scope TEXT PRIMARY KEY,
        limit_nano INTEGER NOT NULL CHECK (limit_nano >= 0),
        source TEXT NOT NULL,
        set_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID""",
    # What was spent and what is set aside for open requests: `all`, `day:2026-11-21`, `plan:ID`, `task:ID`.
    """CREATE TABLE accounts (
        scope TEXT PRIMARY KEY,
        spent_nano INTEGER NOT NULL DEFAULT 0,
        reserved_nano INTEGER NOT NULL DEFAULT 0 CHECK (reserved_nano >= 0)
    ) STRICT, WITHOUT ROWID""",
    # Who is to stop: its next request is refused, whatever there is to spend.
    "CREATE TABLE stops (task TEXT PRIMARY KEY, at REAL NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE entries (
        request TEXT PRIMARY KEY,
        container TEXT NOT NULL,
        task TEXT NOT NULL,
        plan TEXT,
        day TEXT NOT NULL,
        model TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'estimated')),
        reserved_nano INTEGER NOT NULL,
        cost_nano INTEGER,
        assumed INTEGER NOT NULL DEFAULT 0,
        status INTEGER,
        input_tokens INTEGER NOT NULL DEFAULT 0,
        output_tokens INTEGER NOT NULL DEFAULT 0,
        cache_read INTEGER NOT NULL DEFAULT 0,
        cache_write_5m INTEGER NOT NULL DEFAULT 0,
        cache_write_1h INTEGER NOT NULL DEFAULT 0,
        at REAL NOT NULL,
        settled_at REAL,
        settled_seq INTEGER,
        subscription INTEGER NOT NULL DEFAULT 0,
        group_task TEXT
    ) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX entries_settled ON entries (settled_seq) WHERE settled_seq IS NOT NULL",
    "CREATE INDEX entries_open ON entries (container) WHERE state = 'reserved'",
    _ALLOWANCES,
)
_STEPS = (
    "ALTER TABLE entries ADD COLUMN subscription INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE entries ADD COLUMN group_task TEXT",
    _ALLOWANCES,
)
"""From the form of each earlier version to the next one, from version 1 on."""


def open_book(path: Path) -> sqlite3.Connection:
    """Open the book, and make it where there is none; for one thread.

    Raises:
        ParheliaError: E505 for a book of a newer Parhelia, E506 for something else in its place, E500 when it
            cannot be opened, E507 when the disk is full.
    """
    try:
        # By us first, so that it is never readable by others, not even for a moment.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        code = "E507" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "E500"
        raise ParheliaError(code, f"{path} cannot be made: {error.strerror}") from error
    db = connect(path)
    try:
        if _version(db, path) != VERSION:
            _make(db, path)
    except BaseException:
        db.close()
        raise
    return db


def empty_book() -> sqlite3.Connection:
    """Give a book with nothing in it, in memory, for who only looks and finds none."""
    db = connect(Path(":memory:"))
    with writing(db) as tx:
        for statement in _SCHEMA:
            tx.execute(statement)
    return db


def _version(db: sqlite3.Connection, path: Path) -> int:
    mark = int(db.execute("PRAGMA application_id").fetchone()[0])
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if mark not in (0, APPLICATION_ID):
        raise ParheliaError("E506", f"{path} is not a meter of Parhelia")
    if found > VERSION:
        raise ParheliaError("E505", f"{path} is at step {found}; this Parhelia knows {VERSION}")
    return found


def _make(db: sqlite3.Connection, path: Path) -> None:
    # Switching a fresh file to WAL is answered with "locked" at once where two do it at the same moment.
    lock = os.open(f"{path}.making", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _version(db, path) == VERSION:
            return
        db.execute("PRAGMA journal_mode = WAL")
        with writing(db) as tx:
            known = _version(db, path)
            for statement in _STEPS[known - 1 :] if known else _SCHEMA:
                tx.execute(statement)
            tx.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            tx.execute(f"PRAGMA user_version = {VERSION}")
    finally:
        os.close(lock)
