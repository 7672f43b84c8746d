-- Figures of archived sessions, added up by type and by the hour and day in which sessions were created.

PRAGMA user_version = 4;

-- `start` begins an hour (1) or day (24). `digest` is null while the rows are to be added up anew; `mark`
-- changes whenever a row does, so that a digest is written only if it is that of the rows as they stand.
-- Where there is no row here there is none in `session_metrics`, which the triggers see to.
CREATE TABLE metrics_rollups (
    hours INTEGER NOT NULL CHECK (hours IN (1, 24)),
    start INTEGER NOT NULL,
    session_type TEXT NOT NULL,
    mark BLOB NOT NULL,
    digest BLOB,
    PRIMARY KEY (hours, start, session_type)
) STRICT;

CREATE INDEX metrics_rollups_stale ON metrics_rollups (hours, start) WHERE digest IS NULL;
CREATE INDEX session_metrics_by_type ON session_metrics (session_type, created_at);

CREATE TRIGGER session_metrics_added AFTER INSERT ON session_metrics BEGIN
    INSERT INTO metrics_rollups (hours, start, session_type, mark)
    SELECT s.hours, new.created_at - new.created_at % (s.hours * 3600000000), new.session_type, randomblob(16)
    FROM (SELECT 1 AS hours UNION ALL SELECT 24) s WHERE true
    ON CONFLICT (hours, start, session_type) DO UPDATE SET mark = excluded.mark, digest = NULL;
END;

CREATE TRIGGER session_metrics_removed AFTER DELETE ON session_metrics BEGIN
    UPDATE metrics_rollups SET mark = randomblob(16), digest = NULL
    WHERE session_type = old.session_type AND (
        (hours = 1 AND start = old.created_at - old.created_at % 3600000000)
        OR (hours = 24 AND start = old.created_at - old.created_at % 86400000000)
    );
END;

CREATE TRIGGER session_metrics_changed AFTER UPDATE ON session_metrics BEGIN
    INSERT INTO metrics_rollups (hours, start, session_type, mark)
    SELECT s.hours, s.at - s.at % (s.hours * 3600000000), s.session_type, randomblob(16)
    FROM (
        SELECT 1 AS hours, new.created_at AS at, new.session_type AS session_type
        UNION SELECT 24, new.created_at, new.session_type
        UNION SELECT 1, old.created_at, old.session_type
        UNION SELECT 24, old.created_at, old.session_type
    ) s WHERE true
    ON CONFLICT (hours, start, session_type) DO UPDATE SET mark = excluded.mark, digest = NULL;
END;

INSERT INTO metrics_rollups (hours, start, session_type, mark)
SELECT s.hours, s.start, s.session_type, randomblob(16) FROM (
    SELECT 1 AS hours, created_at - created_at % 3600000000 AS start, session_type FROM session_metrics
    UNION SELECT 24, created_at - created_at % 86400000000, session_type FROM session_metrics
) s;
