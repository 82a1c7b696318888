-- Ids are Discord's 64 bits as SQLite's signed integer; times are milliseconds since 1970.

-- What is true now: one row for each member of a server who has a ticket.
CREATE TABLE tickets (
    guild      INTEGER NOT NULL,
    member     INTEGER NOT NULL,
    number     INTEGER NOT NULL,  -- the ticket's own, never given again
    intent     INTEGER,           -- the press or command that asked for it; none where a channel was adopted
    opened_ms  INTEGER NOT NULL,
    state      TEXT NOT NULL,
    channel    INTEGER,
    name       TEXT,
    due_ms     INTEGER,
    announced  INTEGER,
    asker      TEXT,              -- who is owed an answer, as JSON; holds the secret to give it with
    PRIMARY KEY (guild, member),
    CHECK (CASE state
        WHEN 'opening' THEN name IS NOT NULL AND asker IS NOT NULL
        WHEN 'open'    THEN channel IS NOT NULL
        WHEN 'closing' THEN channel IS NOT NULL AND due_ms IS NOT NULL AND announced IN (0, 1) AND asker IS NOT NULL
        ELSE 0
    END)
) STRICT, WITHOUT ROWID;

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
CREATE INDEX journal_by_number ON journal (number) WHERE number IS NOT NULL;
CREATE INDEX journal_by_channel ON journal (channel) WHERE channel IS NOT NULL;

-- The number given last. A table of its own, because the journal forgets and the tickets go.
CREATE TABLE numbers (last INTEGER NOT NULL) STRICT;
INSERT INTO numbers (last) VALUES (0);
