-- How many admissions there have been, so that a rate can be told from two looks,
-- and who stopped admission. Admissions before this migration are not counted.

ALTER TABLE capacity ADD COLUMN admitted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE capacity ADD COLUMN stopped_at INTEGER; -- NULL unless stopped
ALTER TABLE capacity ADD COLUMN stopped_by TEXT NOT NULL DEFAULT '';
