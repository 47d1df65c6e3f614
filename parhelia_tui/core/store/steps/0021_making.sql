-- What the making of a container is at, in words; empty for one that is made or over.
ALTER TABLE containers ADD COLUMN step TEXT NOT NULL DEFAULT '';
