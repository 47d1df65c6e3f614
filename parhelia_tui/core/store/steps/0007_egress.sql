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
    owner_user TEXT NOT NULL DEFAULT 'local',
    owner_session TEXT,
    owner_environment TEXT,
    PRIMARY KEY (container_id, host)
) STRICT, WITHOUT ROWID;
