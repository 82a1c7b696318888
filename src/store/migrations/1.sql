-- Ids are Discord's 64 bits as SQLite's signed integer; times are milliseconds since 1970.

-- What is true now: one row for each ticket. The document says it all; the columns beside it are copies to search by.
CREATE TABLE tickets (
    guild      INTEGER NOT NULL,
    number     INTEGER NOT NULL,  -- counted for each server, never given again
    member     INTEGER NOT NULL,  -- whose ticket it is
    request    INTEGER,           -- the press or message that asked for it; none where a channel was taken over
    opened_ms  INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('opening', 'refused', 'open', 'closing')),
    channel    INTEGER,
    due_ms     INTEGER,           -- when the channel is to be deleted
    announced  INTEGER NOT NULL,  -- 1 where people have read in the channel that it goes
    wake_ms    INTEGER,           -- when something is to be done though nothing else happens
    unfinished INTEGER NOT NULL,  -- 1 where a restart has something to take up
    document   TEXT NOT NULL,     -- as JSON; holds secrets while somebody is owed an answer
    PRIMARY KEY (guild, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX tickets_by_owner ON tickets (guild, member);
CREATE INDEX tickets_by_wake ON tickets (wake_ms) WHERE wake_ms IS NOT NULL;
CREATE UNIQUE INDEX tickets_by_channel ON tickets (channel) WHERE channel IS NOT NULL;

-- What happened: only ever appended to, and forgotten from the old end.
CREATE TABLE journal (
    id       INTEGER PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    number   INTEGER,             -- none where the member had no ticket yet
    guild    INTEGER NOT NULL,
    member   INTEGER NOT NULL,
    channel  INTEGER,
    note     TEXT NOT NULL        -- as JSON
) STRICT;

CREATE INDEX journal_by_age ON journal (at_ms);
CREATE INDEX journal_by_owner ON journal (member, guild);
CREATE INDEX journal_by_number ON journal (number, guild) WHERE number IS NOT NULL;
CREATE INDEX journal_by_channel ON journal (channel) WHERE channel IS NOT NULL;

-- The number that each server gave last. A table of its own, because the journal forgets and the tickets go.
CREATE TABLE numbers (
    guild  INTEGER PRIMARY KEY,
    last   INTEGER NOT NULL
) STRICT;

-- The settings of each server as documents, one row for each revision that is kept.
CREATE TABLE settings (
    guild      INTEGER NOT NULL,
    revision   INTEGER NOT NULL,  -- counted per server from one, never given again
    document   TEXT,              -- as JSON; none where the server was reset, and the environment decides again
    member     INTEGER,           -- who changed it; none where the operator did on the command line
    at_ms      INTEGER NOT NULL,
    restores   INTEGER,           -- the revision that an undo brought back
    PRIMARY KEY (guild, revision)
) STRICT, WITHOUT ROWID;
