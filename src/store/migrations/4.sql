-- Each server counts its tickets by itself. No number that was given is given again.
CREATE TABLE numbers_4 (
    guild  INTEGER PRIMARY KEY,
    last   INTEGER NOT NULL
) STRICT;

INSERT INTO numbers_4
SELECT guild, max((SELECT last FROM numbers), max(number))
FROM (SELECT guild, number FROM tickets UNION ALL SELECT guild, number FROM journal WHERE number IS NOT NULL)
GROUP BY guild;
DROP TABLE numbers;
ALTER TABLE numbers_4 RENAME TO numbers;

DROP INDEX journal_by_number;
CREATE INDEX journal_by_number ON journal (number, guild) WHERE number IS NOT NULL;
