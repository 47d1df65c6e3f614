-- A task that names several targets is a group: a row that runs nothing itself, and a task for each target.
ALTER TABLE tasks ADD COLUMN parent_id TEXT;
ALTER TABLE tasks ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN parts_done INTEGER NOT NULL DEFAULT 0;
-- Where the backend `auto` was asked for: what was chosen for the newest attempt, and why.
ALTER TABLE tasks ADD COLUMN placed_on TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN placed_why TEXT NOT NULL DEFAULT '';
CREATE INDEX tasks_groups ON tasks (state) WHERE parts > 0;
CREATE INDEX tasks_parent ON tasks (parent_id) WHERE parent_id IS NOT NULL;
-- Groups that may not stand as their parts do: those that go on, and those of which a part goes on again.
CREATE INDEX tasks_open_groups ON tasks (id)
    WHERE parts > 0 AND state NOT IN ('completed', 'failed', 'cancelled');
CREATE INDEX tasks_open_parts ON tasks (parent_id)
    WHERE parent_id IS NOT NULL AND state IN ('pending', 'dispatching', 'running', 'waiting');
