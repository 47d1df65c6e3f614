-- When a task was put away; NULL while it is not. It stays whole until retention removes it.
ALTER TABLE tasks ADD COLUMN trashed_at REAL;
-- Counting by state takes these off, and the trash is listed by it.
CREATE INDEX tasks_trash ON tasks (state, parts, trashed_at) WHERE trashed_at IS NOT NULL;
