-- Figures of archived sessions, added up by type and by the hour and day in which sessions were created.

-- `start` begins an hour (1) or day (24). `digest` is null while the rows are to be added up anew; `mark`
-- changes whenever a row does, so that a digest is written only if it is that of the rows as they stand.
-- Where there is no row here there is none in `session_metrics`, which the triggers see to.
CREATE TABLE metrics_rollups (
    hours bigint NOT NULL CHECK (hours IN (1, 24)),
    start timestamptz NOT NULL,
    session_type text COLLATE "C" NOT NULL,
    mark uuid NOT NULL,
    digest bytea,
    PRIMARY KEY (hours, start, session_type)
);

CREATE INDEX metrics_rollups_stale ON metrics_rollups (hours, start) WHERE digest IS NULL;
CREATE INDEX session_metrics_by_type ON session_metrics (session_type, created_at);

-- In order, so that two that change rows of the same hours seldom wait in a circle; where they do, the server
-- ends one, which is tried again.
CREATE FUNCTION metrics_rollups_of_new() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO metrics_rollups (hours, start, session_type, mark)
    SELECT b.hours, b.start, b.session_type, gen_random_uuid() FROM (
        SELECT 1 AS hours, date_trunc('hour', created_at, 'UTC') AS start, session_type COLLATE "C" FROM is_now
        UNION SELECT 24, date_trunc('day', created_at, 'UTC'), session_type COLLATE "C" FROM is_now
    ) AS b (hours, start, session_type)
    ORDER BY b.hours, b.start, b.session_type
    ON CONFLICT (hours, start, session_type) DO UPDATE SET mark = excluded.mark, digest = NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_rollups_of_old() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO metrics_rollups (hours, start, session_type, mark)
    SELECT b.hours, b.start, b.session_type, gen_random_uuid() FROM (
        SELECT 1 AS hours, date_trunc('hour', created_at, 'UTC') AS start, session_type COLLATE "C" FROM was
        UNION SELECT 24, date_trunc('day', created_at, 'UTC'), session_type COLLATE "C" FROM was
    ) AS b (hours, start, session_type)
    ORDER BY b.hours, b.start, b.session_type
    ON CONFLICT (hours, start, session_type) DO UPDATE SET mark = excluded.mark, digest = NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_rollups_of_both() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO metrics_rollups (hours, start, session_type, mark)
    SELECT b.hours, b.start, b.session_type, gen_random_uuid() FROM (
        SELECT 1 AS hours, date_trunc('hour', created_at, 'UTC') AS start, session_type COLLATE "C" FROM is_now
        UNION SELECT 24, date_trunc('day', created_at, 'UTC'), session_type COLLATE "C" FROM is_now
        UNION SELECT 1, date_trunc('hour', created_at, 'UTC'), session_type COLLATE "C" FROM was
        UNION SELECT 24, date_trunc('day', created_at, 'UTC'), session_type COLLATE "C" FROM was
    ) AS b (hours, start, session_type)
    ORDER BY b.hours, b.start, b.session_type
    ON CONFLICT (hours, start, session_type) DO UPDATE SET mark = excluded.mark, digest = NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER session_metrics_added AFTER INSERT ON session_metrics
    REFERENCING NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION metrics_rollups_of_new();
CREATE TRIGGER session_metrics_removed AFTER DELETE ON session_metrics
    REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION metrics_rollups_of_old();
CREATE TRIGGER session_metrics_changed AFTER UPDATE ON session_metrics
    REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT
    EXECUTE FUNCTION metrics_rollups_of_both();

INSERT INTO metrics_rollups (hours, start, session_type, mark)
SELECT b.hours, b.start, b.session_type, gen_random_uuid() FROM (
    SELECT 1 AS hours, date_trunc('hour', created_at, 'UTC') AS start, session_type FROM session_metrics
    UNION SELECT 24, date_trunc('day', created_at, 'UTC'), session_type FROM session_metrics
) AS b;
