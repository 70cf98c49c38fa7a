-- What the minute tick saw, for charts.

CREATE TABLE samples (
    series TEXT    NOT NULL, -- a batch's id; 'capacity'
    minute INTEGER NOT NULL, -- the minute's beginning: of each there is one, the latest
    at     INTEGER NOT NULL,
    record TEXT    NOT NULL,
    PRIMARY KEY (series, minute)
) STRICT, WITHOUT ROWID;

CREATE INDEX samples_by_minute ON samples (minute);

-- All that the last look saw, so that the next one writes only what has changed.
CREATE TABLE last_samples (
    id     INTEGER PRIMARY KEY CHECK (id = 1), -- one row
    at     INTEGER NOT NULL,
    record TEXT    NOT NULL
) STRICT;
