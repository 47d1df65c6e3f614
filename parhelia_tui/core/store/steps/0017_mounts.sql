-- Paths of this machine that a container shows beside its workspace, as JSON: source, target, writable.
ALTER TABLE tasks ADD COLUMN mounts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE containers ADD COLUMN mounts TEXT NOT NULL DEFAULT '[]';
