CREATE TABLE memories (
    project TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    written_by TEXT NOT NULL,
    updated_at REAL NOT NULL,
    rev INTEGER NOT NULL,
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT
) STRICT;
-- Whether an ended session was asked what it leaves for the next one.
ALTER TABLE attempts ADD COLUMN remembered INTEGER NOT NULL DEFAULT 1;
CREATE INDEX attempts_to_remember ON attempts (finished_at) WHERE remembered = 0 AND finished_at IS NOT NULL;
