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
    git TEXT NOT NULL DEFAULT '{}',
    environment TEXT NOT NULL DEFAULT '{}',
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL,
    created_at REAL NOT NULL,
    finished_at REAL,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
) STRICT;
CREATE INDEX checkpoints_rev ON checkpoints (rev);
CREATE INDEX checkpoints_task ON checkpoints (task_id, created_at);
CREATE INDEX checkpoints_created ON checkpoints (created_at);
CREATE INDEX checkpoints_unfinished ON checkpoints (created_at) WHERE state IN ('pending', 'creating');
