-- An opening that came to nothing is a state of its own, with what its asker is still to be told.

-- SQLite cannot change a CHECK in place, so the table is made anew.
CREATE TABLE tickets_2 (
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
    words      TEXT,              -- what the asker is to be told, as JSON
    PRIMARY KEY (guild, member),
    CHECK (CASE state
        WHEN 'opening' THEN name IS NOT NULL AND asker IS NOT NULL
        WHEN 'refused' THEN channel IS NULL AND asker IS NOT NULL AND words IS NOT NULL
        WHEN 'open'    THEN channel IS NOT NULL
        WHEN 'closing' THEN channel IS NOT NULL AND due_ms IS NOT NULL AND announced IN (0, 1) AND asker IS NOT NULL
        ELSE 0
    END)
) STRICT, WITHOUT ROWID;

INSERT INTO tickets_2
SELECT guild, member, number, intent, opened_ms, state, channel, name, due_ms, announced, asker, NULL FROM tickets;
DROP TABLE tickets;
ALTER TABLE tickets_2 RENAME TO tickets;

CREATE UNIQUE INDEX tickets_by_channel ON tickets (channel) WHERE channel IS NOT NULL;
