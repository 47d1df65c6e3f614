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
    agent_options TEXT NOT NULL DEFAULT '{}',
    workspace TEXT NOT NULL,
    workspace_mode TEXT NOT NULL,
    backend TEXT NOT NULL,
    network TEXT NOT NULL,
    persistent INTEGER NOT NULL,
    unsandboxed INTEGER NOT NULL,
    env TEXT NOT NULL DEFAULT '{}',
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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT,
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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
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
    data TEXT NOT NULL DEFAULT '{}',
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT,
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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT,
    UNIQUE (container_id, spool_seq)
) STRICT;
CREATE INDEX ledger_at ON ledger (at);
CREATE INDEX ledger_task ON ledger (task_id);

CREATE TABLE intents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    payload TEXT NOT NULL DEFAULT '{}',
    state TEXT NOT NULL DEFAULT 'pending',
    result TEXT NOT NULL DEFAULT '{}',
    handled_at REAL,
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
) STRICT;
CREATE INDEX intents_pending ON intents (id) WHERE state = 'pending';
