-- The first schema. Times are nanoseconds since 1970; NULL is no time. A record
-- is JSON: columns stand beside it only where an index or a condition needs them.

-- calls has a rowid, because a record is far too long for the pages of a table
-- without one, and because every index entry then ends in a few bytes.
CREATE TABLE calls (
    id         TEXT    NOT NULL,
    owner      TEXT    NOT NULL,
    lane       TEXT    NOT NULL, -- call.LaneKey in one word; a batch's id for its calls
    number     TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    ready_at   INTEGER,          -- since when it waits for its turn
    due        INTEGER,
    dead_cause TEXT,             -- call.DeadLetterCause
    created_at INTEGER NOT NULL,
    record     TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX calls_by_id ON calls (id);
CREATE INDEX calls_by_owner  ON calls (owner, status, id);
CREATE INDEX calls_by_status ON calls (status, id);
-- Numbers arrive in no order, so each entry of this index dirties a page of its
-- own. Without the id it is a third as large, and a call list is stored a third
-- faster; the few calls of one number are sorted when they are read.
CREATE INDEX calls_by_number ON calls (number);
CREATE INDEX calls_ready     ON calls (lane, ready_at, id) WHERE ready_at IS NOT NULL;
CREATE INDEX calls_due       ON calls (due, id) WHERE due IS NOT NULL;
CREATE INDEX calls_dead      ON calls (id, dead_cause) WHERE dead_cause IS NOT NULL;
CREATE INDEX calls_dead_by_owner ON calls (owner, id, dead_cause) WHERE dead_cause IS NOT NULL;

-- One row per attempt that was admitted. The agent writes columns of its own and
-- never the offer, so an agent of an older program loses nothing of a newer one.
CREATE TABLE claims (
    call_id   TEXT    NOT NULL,
    attempt   INTEGER NOT NULL,
    offer     TEXT    NOT NULL, -- what admission wrote: call.Claim in JSON
    holder    TEXT    NOT NULL DEFAULT '',
    nonce     TEXT    NOT NULL DEFAULT '',
    task      TEXT    NOT NULL DEFAULT '',
    taken_at  INTEGER,
    stop      INTEGER NOT NULL DEFAULT 0,
    reference TEXT    NOT NULL DEFAULT '',
    outcome   TEXT,             -- call.Outcome in JSON
    PRIMARY KEY (call_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE lanes (
    owner    TEXT    NOT NULL,
    batch_id TEXT    NOT NULL, -- '' for single calls
    ready    INTEGER NOT NULL,
    schedule INTEGER NOT NULL,
    retry    INTEGER NOT NULL,
    hours    INTEGER NOT NULL, -- waiting for their window
    closed   INTEGER NOT NULL,
    turn     INTEGER NOT NULL,
    PRIMARY KEY (owner, batch_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX lanes_in_turn ON lanes (owner, turn) WHERE ready > 0 AND closed = 0;
CREATE INDEX lanes_waiting ON lanes (owner, batch_id) WHERE ready + schedule + retry + hours > 0;

CREATE TABLE turns (
    owner TEXT    NOT NULL PRIMARY KEY,
    lanes INTEGER NOT NULL, -- in turn
    turn  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX turns_in_turn ON turns (turn, owner) WHERE lanes > 0;

CREATE TABLE capacity (
    id            INTEGER PRIMARY KEY CHECK (id = 1), -- one row
    slots         INTEGER NOT NULL,                   -- call.Capacity.Limit
    in_use        INTEGER NOT NULL,
    rate          REAL    NOT NULL,
    stopped       INTEGER NOT NULL,
    rate_at       INTEGER,
    backoff_until INTEGER,
    backoff_step  INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    updated_at    INTEGER
) STRICT;

CREATE TABLE batches (
    id      TEXT    NOT NULL UNIQUE,
    owner   TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    version INTEGER NOT NULL,
    due     INTEGER,
    record  TEXT    NOT NULL
) STRICT;

CREATE INDEX batches_by_owner ON batches (owner, id);
CREATE INDEX batches_due      ON batches (due, id) WHERE due IS NOT NULL;

CREATE TABLE batch_counts (
    batch_id  TEXT    NOT NULL PRIMARY KEY,
    waiting   INTEGER NOT NULL,
    active    INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    busy      INTEGER NOT NULL,
    no_answer INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    canceled  INTEGER NOT NULL,
    expired   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows are JSON, compressed.
CREATE TABLE chunks (
    batch_id TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    rows     BLOB    NOT NULL,
    UNIQUE (batch_id, n)
) STRICT;

CREATE TABLE refused (
    batch_id  TEXT    NOT NULL,
    n         INTEGER NOT NULL,
    last_line INTEGER NOT NULL, -- before rows: a chunk is passed without reading them
    rows      BLOB    NOT NULL,
    UNIQUE (batch_id, n)
) STRICT;

-- Batches whose chunks go when they are not accepted in time.
CREATE TABLE chunk_expiry (
    batch_id   TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX chunk_expiry_by_time ON chunk_expiry (expires_at, batch_id);

CREATE TABLE redrives (
    id      TEXT    NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    due     INTEGER,
    record  TEXT    NOT NULL
) STRICT;

CREATE INDEX redrives_due ON redrives (due, id) WHERE due IS NOT NULL;

CREATE TABLE keys (
    owner       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    status      INTEGER NOT NULL,
    location    TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    UNIQUE (owner, key)
) STRICT;

CREATE INDEX keys_by_expiry ON keys (expires_at);

-- AUTOINCREMENT: an id is never used again, so a late receipt can't name another message.
CREATE TABLE messages (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    queue         TEXT    NOT NULL,
    visible_at    INTEGER NOT NULL,
    sent_at       INTEGER NOT NULL,
    receive_count INTEGER NOT NULL DEFAULT 0,
    receipt       INTEGER NOT NULL DEFAULT 0, -- counts receives and is never reset
    grp           TEXT    NOT NULL,
    body          BLOB    NOT NULL
) STRICT;

CREATE INDEX messages_visible ON messages (queue, visible_at);
