PRAGMA user_version = 2;

CREATE TABLE queries_together (
    session INTEGER NOT NULL REFERENCES sessions (row_id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO queries_together SELECT session, seq, record FROM queries;

DROP TABLE queries;
ALTER TABLE queries_together RENAME TO queries;
