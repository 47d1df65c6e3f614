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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
) STRICT;
CREATE INDEX replies_task ON replies (task_id, created_at);
CREATE INDEX replies_created ON replies (created_at);
CREATE INDEX replies_unsettled ON replies (created_at) WHERE state IN ('pending', 'typing', 'typed');
