-- Sandboxes that are made before anybody wants them. Their id is that of the container they are going to be; a row
-- goes with the task that takes it, and an ended one stays for as long as a listing may still show its sandbox.
CREATE TABLE spares (
    id TEXT PRIMARY KEY,
    backend TEXT NOT NULL,
    state TEXT NOT NULL,
    made_like TEXT NOT NULL,
    agent TEXT NOT NULL,
    network TEXT NOT NULL,
    cpus REAL,
    memory_mb INTEGER,
    lifetime_s REAL,
    region TEXT,
    asked_at REAL NOT NULL,
    made_at REAL,
    booked_at REAL NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0,
    ended_at REAL,
    reason TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
-- Which of those at providers began last is asked every two seconds.
CREATE INDEX containers_elsewhere ON containers (backend, created_at) WHERE backend <> 'local';
