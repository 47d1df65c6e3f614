-- What the agent says of itself: a claim, with who said it and when. Money is not among it.
ALTER TABLE tasks ADD COLUMN agent_state TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN agent_source TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN agent_tool TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN agent_detail TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN agent_at REAL;
ALTER TABLE tasks ADD COLUMN agent_outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN turns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN seen_input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN seen_output_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN conversation TEXT NOT NULL DEFAULT '';
-- The lease: nobody else has a conversation while an attempt that goes on has it.
CREATE UNIQUE INDEX attempts_lease ON attempts (conversation)
    WHERE conversation <> '' AND finished_at IS NULL;
