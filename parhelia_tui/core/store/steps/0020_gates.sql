-- Of the gate of a merge: the task whose files it has to pass; empty for what a person asked for.
ALTER TABLE tasks ADD COLUMN gate_of TEXT NOT NULL DEFAULT '';
