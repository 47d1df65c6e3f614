CREATE TABLE approvals (
    id TEXT PRIMARY KEY,
    task_id TEXT NOT NULL,
    container_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    -- The number of the question in its container.
    ask INTEGER NOT NULL,
    kind TEXT NOT NULL,
    tool TEXT NOT NULL,
    input TEXT NOT NULL DEFAULT '{}',
    cut INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    -- Set by the first who answers; the state follows when the agent has been told.
    decision TEXT NOT NULL DEFAULT '',
    always INTEGER NOT NULL DEFAULT 0,
    answers TEXT NOT NULL DEFAULT '{}',
    reason TEXT NOT NULL DEFAULT '',
    answered_by TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    answered_at REAL,
    finished_at REAL,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT,
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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT,
    PRIMARY KEY (task_id, rule)
) STRICT, WITHOUT ROWID;
