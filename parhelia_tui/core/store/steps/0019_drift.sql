-- What the last round of reconciling found otherwise than it was made, in words; empty for nothing.
ALTER TABLE containers ADD COLUMN drift TEXT NOT NULL DEFAULT '';
