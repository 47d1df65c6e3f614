-- What the making of a container is at, or the way home of what it made, in words; empty while it works and when it is over.
ALTER TABLE containers ADD COLUMN step TEXT NOT NULL DEFAULT '';
