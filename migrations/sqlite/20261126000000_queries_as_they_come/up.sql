-- Queries lie in the order in which they came, so that those of many sessions share the last pages. Kept
-- together by session, each append split pages in the middle of the table: 2.5 pages an append instead of 0.9.

PRAGMA user_version = 3;

CREATE TABLE queries_as_they_come (
    row_id INTEGER PRIMARY KEY NOT NULL,
    session INTEGER NOT NULL REFERENCES sessions (row_id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;

INSERT INTO queries_as_they_come (session, seq, record)
    SELECT session, seq, record FROM queries ORDER BY session, seq;

DROP TABLE queries;
ALTER TABLE queries_as_they_come RENAME TO queries;
CREATE UNIQUE INDEX queries_by_session ON queries (session, seq);
