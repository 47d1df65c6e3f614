"""The numbered steps that bring a database to the present form.

A step is never changed once it has been released: a new need is a new step at the end.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store.connection import connect, roll_back, translated

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x50415248
"""Marks a file as a store of Parhelia (sqlite.org/pragma.html, application_id): "PARH"."""

SMALLEST_PAGE = 512

OWNER = """
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
"""

_FIRST = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- One number that grows with every change of a row that a screen shows; `rev > n` is what changed since.
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('rev', 0);

CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    prompt TEXT NOT NULL,
    agent TEXT NOT NULL,
    agent_options TEXT NOT NULL DEFAULT '{{}}',
    workspace TEXT NOT NULL,
    workspace_mode TEXT NOT NULL,
    backend TEXT NOT NULL,
    network TEXT NOT NULL,
    persistent INTEGER NOT NULL,
    unsandboxed INTEGER NOT NULL,
    env TEXT NOT NULL DEFAULT '{{}}',
    cpus REAL,
    memory_mb INTEGER,
    pids INTEGER,
    lifetime_s REAL,
    slot_wanted INTEGER,
    priority INTEGER NOT NULL DEFAULT 0,
    batch TEXT,
    state TEXT NOT NULL,
    wanted TEXT NOT NULL DEFAULT 'run',
    reason TEXT NOT NULL DEFAULT '',
    question TEXT NOT NULL DEFAULT '',
    last_line TEXT NOT NULL DEFAULT '',
    attempt INTEGER NOT NULL DEFAULT 0,
    container_id TEXT,
    exit_code INTEGER,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    {OWNER}
) STRICT;
CREATE INDEX tasks_rev ON tasks (rev);
CREATE INDEX tasks_queue ON tasks (priority DESC, created_at, id) WHERE state = 'pending';
CREATE INDEX tasks_alive ON tasks (state) WHERE state IN ('dispatching', 'running', 'waiting');
CREATE INDEX tasks_unwanted ON tasks (wanted) WHERE wanted <> 'run';
-- Counting by state reads this index alone.
CREATE INDEX tasks_state ON tasks (state);
CREATE INDEX tasks_created ON tasks (created_at);
CREATE INDEX tasks_batch ON tasks (batch) WHERE batch IS NOT NULL;

CREATE TABLE attempts (
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    container_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    started_at REAL NOT NULL,
    finished_at REAL,
    {OWNER},
    PRIMARY KEY (task_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE containers (
    id TEXT PRIMARY KEY,
    task_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    backend TEXT NOT NULL,
    state TEXT NOT NULL,
    wanted TEXT NOT NULL DEFAULT 'run',
    health TEXT NOT NULL DEFAULT 'unknown',
    slot INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    network TEXT NOT NULL,
    persistent INTEGER NOT NULL,
    unsandboxed INTEGER NOT NULL,
    cpus REAL,
    memory_mb INTEGER,
    pids INTEGER,
    lifetime_s REAL,
    reason TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    spool_offset INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    last_heartbeat_at REAL,
    cpu_percent REAL,
    memory_bytes INTEGER,
    process_count INTEGER,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    {OWNER}
) STRICT;
CREATE INDEX containers_rev ON containers (rev);
CREATE INDEX containers_task ON containers (task_id);
CREATE INDEX containers_live ON containers (state)
    WHERE state IN ('creating', 'running', 'stopping', 'orphaned');
-- Two live containers of one workspace never share a number, whoever hands them out.
CREATE UNIQUE INDEX containers_slot ON containers (workspace, slot)
    WHERE state IN ('creating', 'running', 'stopping', 'orphaned');

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    container_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    command TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    wanted TEXT NOT NULL DEFAULT 'run',
    reason TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    created_at REAL NOT NULL,
    finished_at REAL,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    {OWNER}
) STRICT;
CREATE INDEX sessions_rev ON sessions (rev);
CREATE INDEX sessions_name ON sessions (name);
CREATE INDEX sessions_container ON sessions (container_id);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    source TEXT NOT NULL,
    message TEXT NOT NULL,
    task_id TEXT,
    container_id TEXT,
    session_id TEXT,
    data TEXT NOT NULL DEFAULT '{{}}',
    {OWNER}
) STRICT;
CREATE INDEX events_task ON events (task_id, seq) WHERE task_id IS NOT NULL;
CREATE INDEX events_container ON events (container_id, seq) WHERE container_id IS NOT NULL;
CREATE INDEX events_type ON events (type, seq);
CREATE INDEX events_at ON events (at);
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TABLE heartbeats (
    container_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    cpu_percent REAL,
    memory_bytes INTEGER,
    pids INTEGER,
    uptime_s REAL NOT NULL,
    {OWNER},
    PRIMARY KEY (container_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX heartbeats_at ON heartbeats (at);

CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    task_id TEXT NOT NULL,
    container_id TEXT NOT NULL,
    spool_seq INTEGER NOT NULL,
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd REAL,
    {OWNER},
    UNIQUE (container_id, spool_seq)
) STRICT;
CREATE INDEX ledger_at ON ledger (at);
CREATE INDEX ledger_task ON ledger (task_id);

CREATE TABLE intents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    payload TEXT NOT NULL DEFAULT '{{}}',
    state TEXT NOT NULL DEFAULT 'pending',
    result TEXT NOT NULL DEFAULT '{{}}',
    handled_at REAL,
    {OWNER}
) STRICT;
CREATE INDEX intents_pending ON intents (id) WHERE state = 'pending';
"""


_CHECKPOINTS = f"""
ALTER TABLE tasks ADD COLUMN resume_from TEXT;
-- restore: the workspace becomes as it was then; keep: it stays as it is, the talk alone goes on.
ALTER TABLE tasks ADD COLUMN resume_workspace TEXT NOT NULL DEFAULT 'restore';
ALTER TABLE tasks ADD COLUMN recoveries INTEGER NOT NULL DEFAULT 0;
-- What has ended lately and may want a last checkpoint.
CREATE INDEX attempts_finished ON attempts (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE checkpoints (
    id TEXT PRIMARY KEY,
    task_id TEXT NOT NULL,
    container_id TEXT,
    attempt INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    parent TEXT,
    trigger TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    tree TEXT NOT NULL DEFAULT '',
    conversation TEXT NOT NULL DEFAULT '',
    files INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    changed_files INTEGER NOT NULL DEFAULT 0,
    added_bytes INTEGER NOT NULL DEFAULT 0,
    skipped TEXT NOT NULL DEFAULT '[]',
    pause_s REAL NOT NULL DEFAULT 0,
    took_s REAL NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    protected INTEGER NOT NULL DEFAULT 0,
    git TEXT NOT NULL DEFAULT '{{}}',
    environment TEXT NOT NULL DEFAULT '{{}}',
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL,
    created_at REAL NOT NULL,
    finished_at REAL,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    {OWNER}
) STRICT;
CREATE INDEX checkpoints_rev ON checkpoints (rev);
CREATE INDEX checkpoints_task ON checkpoints (task_id, created_at);
CREATE INDEX checkpoints_created ON checkpoints (created_at);
CREATE INDEX checkpoints_unfinished ON checkpoints (created_at) WHERE state IN ('pending', 'creating');
"""

_APPROVALS = f"""
CREATE TABLE approvals (
    id TEXT PRIMARY KEY,
    task_id TEXT NOT NULL,
    container_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    -- The number of the question in its container.
    ask INTEGER NOT NULL,
    kind TEXT NOT NULL,
    tool TEXT NOT NULL,
    input TEXT NOT NULL DEFAULT '{{}}',
    cut INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    -- Set by the first who answers; the state follows when the agent has been told.
    decision TEXT NOT NULL DEFAULT '',
    always INTEGER NOT NULL DEFAULT 0,
    answers TEXT NOT NULL DEFAULT '{{}}',
    reason TEXT NOT NULL DEFAULT '',
    answered_by TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    answered_at REAL,
    finished_at REAL,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    {OWNER},
    UNIQUE (container_id, ask)
) STRICT;
CREATE INDEX approvals_rev ON approvals (rev);
CREATE INDEX approvals_task ON approvals (task_id, created_at);
CREATE INDEX approvals_created ON approvals (created_at);
CREATE INDEX approvals_waiting ON approvals (created_at) WHERE state = 'pending';

-- What a person allowed always, for one task.
CREATE TABLE task_rules (
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    rule TEXT NOT NULL,
    answered_by TEXT NOT NULL,
    at REAL NOT NULL,
    {OWNER},
    PRIMARY KEY (task_id, rule)
) STRICT, WITHOUT ROWID;
"""


_AGENT_STATES = """
-- What the agent says of itself: a claim, with who said it and when. Money is not among it.
ALTER TABLE tasks ADD COLUMN agent_state TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN agent_source TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN agent_tool TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN agent_detail TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN agent_at REAL;
ALTER TABLE tasks ADD COLUMN agent_outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN turns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN seen_input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN seen_output_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN conversation TEXT NOT NULL DEFAULT '';
-- The lease: nobody else has a conversation while an attempt that goes on has it.
CREATE UNIQUE INDEX attempts_lease ON attempts (conversation)
    WHERE conversation <> '' AND finished_at IS NULL;
"""

_PROVIDERS = """
ALTER TABLE tasks ADD COLUMN gpu TEXT;
ALTER TABLE tasks ADD COLUMN region TEXT;
ALTER TABLE containers ADD COLUMN gpu TEXT;
ALTER TABLE containers ADD COLUMN region TEXT;
"""

_REPLIES = f"""
CREATE TABLE replies (
    id TEXT PRIMARY KEY,
    task_id TEXT NOT NULL,
    container_id TEXT NOT NULL,
    -- What is to be typed; emptied as soon as it is.
    text TEXT NOT NULL,
    shown TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    evidence TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    typed_at REAL,
    finished_at REAL,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    {OWNER}
) STRICT;
CREATE INDEX replies_task ON replies (task_id, created_at);
CREATE INDEX replies_created ON replies (created_at);
CREATE INDEX replies_unsettled ON replies (created_at) WHERE state IN ('pending', 'typing', 'typed');
"""


_EGRESS = f"""
-- What the meter booked has its own number, below zero in the place of a spool's.
ALTER TABLE ledger ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN cache_read_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN cache_write_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX ledger_request ON ledger (request) WHERE request <> '';

CREATE TABLE reached (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    called INTEGER NOT NULL DEFAULT 0,
    denied INTEGER NOT NULL DEFAULT 0,
    last_at REAL NOT NULL,
    {OWNER},
    PRIMARY KEY (container_id, host)
) STRICT, WITHOUT ROWID;
"""


_MEMORIES = f"""
CREATE TABLE memories (
    project TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    written_by TEXT NOT NULL,
    updated_at REAL NOT NULL,
    rev INTEGER NOT NULL,
    {OWNER}
) STRICT;
-- Whether an ended session was asked what it leaves for the next one.
ALTER TABLE attempts ADD COLUMN remembered INTEGER NOT NULL DEFAULT 1;
CREATE INDEX attempts_to_remember ON attempts (finished_at) WHERE remembered = 0 AND finished_at IS NOT NULL;
"""


def _first(db: Database) -> None:
    for statement in _statements(_FIRST):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.table("meta").insert({"key": "installation_id", "value": str(uuid.uuid4())})


def _checkpoints(db: Database) -> None:
    for statement in _statements(_CHECKPOINTS):
        db.execute(statement)


def _approvals(db: Database) -> None:
    for statement in _statements(_APPROVALS):
        db.execute(statement)


def _agent_states(db: Database) -> None:
    for statement in _statements(_AGENT_STATES):
        db.execute(statement)


def _providers(db: Database) -> None:
    for statement in _statements(_PROVIDERS):
        db.execute(statement)


def _replies(db: Database) -> None:
    for statement in _statements(_REPLIES):
        db.execute(statement)


def _egress(db: Database) -> None:
    for statement in _statements(_EGRESS):
        db.execute(statement)


def _memories(db: Database) -> None:
    for statement in _statements(_MEMORIES):
        db.execute(statement)


STEPS: tuple[Callable[[Database], None], ...] = (
    _first,
    _checkpoints,
    _approvals,
    _agent_states,
    _providers,
    _replies,
    _egress,
    _memories,
)
"""Step n brings `PRAGMA user_version` from n to n + 1."""


def _statements(script: str) -> list[str]:
    """Cut a script into statements; `executescript` would commit the transaction around it."""
    statements: list[str] = []
    text = ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            statements.append(text)
            text = ""
    return statements


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
