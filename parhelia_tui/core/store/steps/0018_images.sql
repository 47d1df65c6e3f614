-- The image whose system a container begins with; empty for this machine's own.
ALTER TABLE tasks ADD COLUMN image TEXT NOT NULL DEFAULT '';
ALTER TABLE containers ADD COLUMN image TEXT NOT NULL DEFAULT '';
